// A whole board as a process, all that comes and goes on its serial line included: bytes from standard input or a Unix socket
// to the receiving pin, bit by bit, and back.
//
//   tutti-board [--socket PATH]
//
// The names of its pins and the clocks of a bit are given as the program is built.
#include <deque>
#include <memory>
#include <string>

#include "host.h"
#include "Vtutti_board.h"
#include "verilated.h"

namespace {

struct Board {
  std::unique_ptr<VerilatedContext> context{new VerilatedContext};
  std::unique_ptr<Vtutti_board> top{new Vtutti_board{context.get()}};
  std::deque<uint8_t> in;
  std::vector<uint8_t> out;
  uint64_t cycles = 0, quiet_cycles = 0;
  // Towards the board: stop bit, byte, start bit, the lowest next. From it: how many bits have come, and when the next does.
  unsigned sending = 0, send_clocks = 0, receiving = 0, receive_clocks = 0, received = 0;

  // A host's line, with eight bits, no parity and one stop bit.
  void drive() {
    if (send_clocks) {
      send_clocks--;
    } else if (sending >>= 1) {
      send_clocks = BIT_CLOCKS - 1;
    } else if (!in.empty()) {
      sending = 0x200u | in.front() << 1;
      in.pop_front();
      send_clocks = BIT_CLOCKS - 1;
    }
    top->RX = sending ? sending & 1 : 1;
  }

  void sample() {
    if (receive_clocks) {
      receive_clocks--;
    } else if (!receiving) {
      if (top->TX) return;
      receiving = 1;
      receive_clocks = BIT_CLOCKS + BIT_CLOCKS / 2 - 1;
    } else if (receiving <= 8) {
      received |= unsigned(top->TX) << (receiving - 1);
      receiving++;
      receive_clocks = BIT_CLOCKS - 1;
    } else {
      if (top->TX) out.push_back(received);
      receiving = received = 0;
    }
  }

  void cycle() {
    drive();
    top->CLOCK = 0;
    top->eval();
    top->CLOCK = 1;
    top->eval();
    sample();
    cycles++;
    quiet_cycles = sending || receiving || top->led ? 0 : quiet_cycles + 1;
  }

  // Longer than it takes the card to give up a frame that does not end.
  bool waits() const { return in.empty() && out.empty() && quiet_cycles > (1u << 23) + 500000; }
};

}  // namespace

int main(int count, char **arguments) {
  Board board;
  const char *path = nullptr;
  if (count == 3 && std::string(arguments[1]) == "--socket") path = arguments[2];
  else if (count != 1) fail("the only option is --socket");
  serve_all(board, path);
  std::fprintf(stderr, "tutti-board: %llu cycles\n", static_cast<unsigned long long>(board.cycles));
  return 0;
}
