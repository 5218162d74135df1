// The simulated card as a process: bytes from standard input or a Unix socket to the Verilated card and back.
//
//   tutti-card [--socket PATH] [--digest HEX] [--fault KIND:CORE:INDEX:BITS@CYCLE]...
//
// Cycles of faults count while a core runs. KIND: stuck (INDEX: multiplier 0 to 11, BITS: stuck at one, hexadecimal),
// flip (INDEX: 4 * register + chunk, BITS: flipped), stale (products are no longer written).
#include <deque>
#include <memory>
#include <string>

#include "host.h"
#include "Vtutti_sim.h"
#include "verilated.h"

namespace {

struct Fault {
  unsigned kind, core, index;
  uint64_t bits, cycle;
};

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
  serve_all(card, path);
  std::fprintf(stderr, "tutti-card: %llu cycles, %llu of them with a program running\n",
               static_cast<unsigned long long>(card.cycles), static_cast<unsigned long long>(card.busy_cycles));
  return 0;
}
