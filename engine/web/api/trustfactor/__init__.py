"""`/trustfactor`: applications register devices and ask them; agents scan, confirm and decide."""
