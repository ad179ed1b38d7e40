"""What follows once a device has said something: journeys go on, applications are called back."""
