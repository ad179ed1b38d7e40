"""What operators do with a data folder: tokens, stores, policies, users, passcodes."""
