// The host's end of a simulated card: bytes from standard input or a Unix socket, and back.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

[[noreturn]] inline void fail(const char *what) {
  std::fprintf(stderr, "tutti-card: %s\n", what);
  std::exit(2);
}

inline int listen_on(const char *path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) fail("the socket's path is too long");
  std::strcpy(address.sun_path, path);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  unlink(path);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) || listen(listener, 1))
    fail("cannot listen on the socket");
  return listener;
}

inline bool send_all(int to, std::vector<uint8_t> &bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    ssize_t n = write(to, bytes.data() + sent, bytes.size() - sent);
    if (n <= 0) return false;
    sent += n;
  }
  bytes.clear();
  return true;
}

// Until the other end goes away. A card has bytes `in` and `out`, does one `cycle()`, and says when it `waits()`.
template <class Card> void serve(Card &card, int from, int to) {
  const size_t queue_max = 4096;
  for (;;) {
    pollfd ready{from, POLLIN, 0};
    if (card.in.size() < queue_max && poll(&ready, 1, card.waits() ? -1 : 0) > 0) {
      uint8_t bytes[2048];
      ssize_t n = read(from, bytes, sizeof bytes);
      if (n <= 0) return;
      card.in.insert(card.in.end(), bytes, bytes + n);
    }
    for (int i = 0; i < 2000 && !card.waits(); i++) card.cycle();
    if (!send_all(to, card.out)) return;
  }
}

// One host after the other on the socket; without one, whoever is at standard input and output.
template <class Card> void serve_all(Card &card, const char *path) {
  if (!path) return serve(card, STDIN_FILENO, STDOUT_FILENO);
  int listener = listen_on(path);
  for (int peer; (peer = accept(listener, nullptr, nullptr)) >= 0; close(peer)) serve(card, peer, peer);
}
