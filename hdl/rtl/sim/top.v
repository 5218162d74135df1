// The simulated card: a card, and ways to make it fail.
module tutti_sim #(parameter CORES = 2)
  (input clock, input [7:0] rx_data, input rx_valid, output rx_take,
   output [7:0] tx_data, output tx_valid, input tx_ready, input [127:0] digest,
   output busy, output idle,
   // 1: a multiplier's product bits stuck at one; 2: register bits flipped; 3: products no longer written; 0: none.
   input [1:0] fault, input [3:0] fault_core, input [9:0] fault_index, input [35:0] fault_bits);
  wire [15:0] running;
  tutti_card card(.clock(clock), .rx_data(rx_data), .rx_valid(rx_valid), .rx_take(rx_take),
    .tx_data(tx_data), .tx_valid(tx_valid), .tx_ready(tx_ready), .digest(digest), .running(running));
  assign busy = |running;
  assign idle = card.link.state$q == 0 && card.link.open$q == 0;
  genvar i;
  generate
    for (i = 0; i < CORES; i = i + 1) begin : faults
      always @(posedge clock) if (fault_core == i) begin
        if (fault == 1) begin
      if (fault_index == 0) card.cores.each[i].core.multiplier.lane$0.ab.inner.stuck <= fault_bits;
      if (fault_index == 1) card.cores.each[i].core.multiplier.lane$0.mq.inner.stuck <= fault_bits;
      if (fault_index == 2) card.cores.each[i].core.multiplier.lane$1.ab.inner.stuck <= fault_bits;
      if (fault_index == 3) card.cores.each[i].core.multiplier.lane$1.mq.inner.stuck <= fault_bits;
      if (fault_index == 4) card.cores.each[i].core.multiplier.lane$2.ab.inner.stuck <= fault_bits;
      if (fault_index == 5) card.cores.each[i].core.multiplier.lane$2.mq.inner.stuck <= fault_bits;
      if (fault_index == 6) card.cores.each[i].core.multiplier.lane$3.ab.inner.stuck <= fault_bits;
      if (fault_index == 7) card.cores.each[i].core.multiplier.lane$3.mq.inner.stuck <= fault_bits;
      if (fault_index == 8) card.cores.each[i].core.multiplier.lane$4.ab.inner.stuck <= fault_bits;
      if (fault_index == 9) card.cores.each[i].core.multiplier.lane$4.mq.inner.stuck <= fault_bits;
      if (fault_index == 10) card.cores.each[i].core.multiplier.lane$5.ab.inner.stuck <= fault_bits;
      if (fault_index == 11) card.cores.each[i].core.multiplier.lane$5.mq.inner.stuck <= fault_bits;
        end
        // The lower 36 bits of a chunk.
        if (fault == 2) card.cores.each[i].core.registers.inner.mem[fault_index] <=
          card.cores.each[i].core.registers.inner.mem[fault_index] ^ {72'b0, fault_bits};
        if (fault == 3) card.cores.each[i].core.registers.inner.stale <= 1;
      end
    end
  endgenerate
endmodule
