// The simulated card as a process: bytes from standard input or a Unix socket to the Verilated card and back.
//
//   tutti-card [--socket PATH] [--digest HEX] [--fault KIND:CORE:INDEX:BITS@CYCLE]...
//
// Cycles of faults count while a core runs. KIND: stuck (INDEX: multiplier 0 to 11, BITS: stuck at one, hexadecimal),
// flip (INDEX: 4 * register + chunk, BITS: flipped), stale (products are no longer written).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "Vtutti_sim.h"
#include "verilated.h"

namespace {

struct Fault {
  unsigned kind, core, index;
  uint64_t bits, cycle;
};

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "tutti-card: %s\n", what);
  std::exit(2);
}

Fault parse_fault(const char *text) {
  char kind[8];
  unsigned core, index;
  unsigned long long bits, cycle;
  if (std::sscanf(text, "%7[a-z]:%u:%u:%llx@%llu", kind, &core, &index, &bits, &cycle) != 5)
    fail("a fault is KIND:CORE:INDEX:BITS@CYCLE");
  const char *kinds[] = {"stuck", "flip", "stale"};
  for (unsigned i = 0; i < 3; i++)
    if (!std::strcmp(kind, kinds[i])) return {i + 1, core, index, bits, cycle};
  fail("a fault is stuck, flip or stale");
}

struct Card {
  std::unique_ptr<VerilatedContext> context{new VerilatedContext};
  std::unique_ptr<Vtutti_sim> top{new Vtutti_sim{context.get()}};
  std::vector<Fault> faults;
  std::deque<uint8_t> in;
  std::vector<uint8_t> out;
  uint64_t cycles = 0, busy_cycles = 0;

  void cycle() {
    top->clock = 0;
    top->rx_valid = !in.empty();
    if (!in.empty()) top->rx_data = in.front();
    top->tx_ready = 1;
    top->fault = 0;
    // One in a clock; of several that are due the others follow.
    for (Fault &fault : faults)
      if (top->busy && fault.kind && fault.cycle <= busy_cycles) {
        top->fault = fault.kind;
        top->fault_core = fault.core;
        top->fault_index = fault.index;
        top->fault_bits = fault.bits;
        fault.kind = 0;
        break;
      }
    top->eval();
    if (top->rx_take) in.pop_front();
    if (top->tx_valid) out.push_back(top->tx_data);
    busy_cycles += top->busy;
    top->clock = 1;
    top->eval();
    cycles++;
  }

  bool waits() const { return in.empty() && out.empty() && top->idle && !top->busy; }
};

int listen_on(const char *path) {
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

bool send_all(int to, std::vector<uint8_t> &bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    ssize_t n = write(to, bytes.data() + sent, bytes.size() - sent);
    if (n <= 0) return false;
    sent += n;
  }
  bytes.clear();
  return true;
}

// Until the other end goes away.
void serve(Card &card, int from, int to) {
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

void set_digest(Card &card, const char *hex) {
  if (std::strlen(hex) != 32) fail("a digest has 32 hexadecimal digits");
  for (int word = 0; word < 4; word++)
    card.top->digest[3 - word] = std::stoul(std::string(hex + 8 * word, 8), nullptr, 16);
}

}  // namespace

int main(int count, char **arguments) {
  Card card;
  const char *path = nullptr;
  for (int i = 1; i < count; i += 2) {
    std::string name = arguments[i];
    if (i + 1 == count) fail("an option has a value");
    if (name == "--socket") path = arguments[i + 1];
    else if (name == "--digest") set_digest(card, arguments[i + 1]);
    else if (name == "--fault") card.faults.push_back(parse_fault(arguments[i + 1]));
    else fail("options are --socket, --digest, --fault");
  }
  card.top->clock = 0;
  card.top->eval();
  if (!path) {
    serve(card, STDIN_FILENO, STDOUT_FILENO);
  } else {
    int listener = listen_on(path);
    for (int peer; (peer = accept(listener, nullptr, nullptr)) >= 0; close(peer)) serve(card, peer, peer);
  }
  std::fprintf(stderr, "tutti-card: %llu cycles, %llu of them with a program running\n",
               static_cast<unsigned long long>(card.cycles), static_cast<unsigned long long>(card.busy_cycles));
  return 0;
}
