"""One supervisor process: it prepares the data folder and keeps the server's parts alive."""
