# The known Python way, for comparison: one shared object, a socket for each thread in its threading.local.
# Usage: recipe.py HOST PORT THREADS REQUESTS_PER_THREAD
import socket
import sys
import threading


class PerThreadSocket:
    def __init__(self, address):
        self.address = address
        self.mine = threading.local()

    def __enter__(self):
        if hasattr(self.mine, 'socket'):
            raise RuntimeError('this thread has one already')
        self.mine.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.mine.socket.connect(self.address)
        return self.mine.socket

    def __exit__(self, kind, error, trace):
        self.mine.socket.close()
        del self.mine.socket


def fetch(shared, requests, totals, index):
    total = 0
    for _ in range(requests):
        with shared as connection:
            connection.send(b'GET /index.html HTTP/1.0\r\n')
            connection.send(b'Host: 127.0.0.1\r\n')
            connection.send(b'\r\n')
            total += len(b''.join(iter(lambda: connection.recv(8192), b'')))
    totals[index] = total


if __name__ == '__main__':
    host, port, threads, requests = sys.argv[1], *map(int, sys.argv[2:5])
    shared = PerThreadSocket((host, port))
    totals = [0] * threads
    running = [threading.Thread(target=fetch, args=(shared, requests, totals, i)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(sum(totals))
