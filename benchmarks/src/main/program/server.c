/* The server of the "program" part: one thread, epoll, one small page. HTTP/1.0 is answered and closed, HTTP/1.1 is kept.
   Prints its port on the loopback; ends when its standard input does, so that it cannot outlive who started it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, REQUEST = 2048, PAGE = 1024 };

struct client {
  size_t length;
  char request[REQUEST];
};

static struct client *clients[MOST];
static char closing[PAGE + 256], kept[PAGE + 256];
static size_t closing_length, kept_length;

static size_t page(char *into, const char *version, const char *connection) {
  int head = sprintf(into,
                     "%s 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n",
                     version, PAGE, connection);
  memset(into + head, 'x', PAGE);
  return (size_t)head + PAGE;
}

static void end(int fd) {
  free(clients[fd]);
  clients[fd] = NULL;
  close(fd);
}

/* Answers one request; returns 0 once the client is gone. Nobody sends a second before the answer to the first. */
static int serve(int fd) {
  struct client *client = clients[fd];
  ssize_t got = recv(fd, client->request + client->length, REQUEST - 1 - client->length, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return 1;
  }
  if (got <= 0) {
    return 0;
  }
  client->length += (size_t)got;
  client->request[client->length] = 0;
  if (strstr(client->request, "\r\n\r\n") == NULL) {
    return client->length < REQUEST - 1;
  }
  int keep = strstr(client->request, "HTTP/1.1") != NULL && strcasestr(client->request, "connection: close") == NULL;
  client->length = 0;
  const char *answer = keep ? kept : closing;
  size_t length = keep ? kept_length : closing_length;
  return send(fd, answer, length, MSG_NOSIGNAL) == (ssize_t)length && keep;
}

int main(void) {
  closing_length = page(closing, "HTTP/1.0", "close");
  kept_length = page(kept, "HTTP/1.1", "keep-alive");
  int one = 1, listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listening, 1024) != 0 || getsockname(listening, (struct sockaddr *)&address, &size) != 0) {
    perror("server");
    return 1;
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
  event.data.fd = STDIN_FILENO;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0) {
    perror("server: standard input must be a pipe");
    return 1;
  }
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        return 0;
      }
      if (fd != listening) {
        if (!serve(fd)) {
          end(fd);
        }
        continue;
      }
      int fresh;
      while ((fresh = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fresh >= MOST || (clients[fresh] = calloc(1, sizeof(struct client))) == NULL) {
          close(fresh);
          continue;
        }
        setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event.data.fd = fresh;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fresh, &event);
      }
    }
  }
}
