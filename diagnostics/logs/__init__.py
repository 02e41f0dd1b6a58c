"""What clients and servers wrote down: lines with the server they speak of, and the clients' log files on this host."""
