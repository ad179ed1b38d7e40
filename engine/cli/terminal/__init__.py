"""How commands speak: words, tables, problems and QR codes in a terminal, narrow or wide."""
