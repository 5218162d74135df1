// 18 x 18 unsigned multiplier, registers before and behind.
module tutti_dsp(input clock, input a_enable, input [17:0] a, input [17:0] b, output [35:0] p);
  reg [17:0] ra = 0, rb = 0;
  reg [35:0] rp = 0;
`ifdef VERILATOR
  // Fault injection: product bits that are stuck at one.
  reg [35:0] stuck = 0;
`endif
  always @(posedge clock) begin
    if (a_enable) ra <= a;
    rb <= b;
`ifdef VERILATOR
    rp <= (ra * rb) | stuck;
`else
    rp <= ra * rb;
`endif
  end
  assign p = rp;
endmodule
