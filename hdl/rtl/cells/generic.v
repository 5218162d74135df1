// The three cells that every technology provides in its own way, as plain Verilog: simulation, and synthesis where
// the tools infer them. The ports are those of src/cells.rs.

// 18 x 18 unsigned multiplier, registers before and behind.
module tutti_dsp(input clock, input a_enable, input [17:0] a, input [17:0] b, output [35:0] p);
  reg [17:0] ra = 0, rb = 0;
  reg [35:0] rp = 0;
`ifdef VERILATOR
  // Fault injection: product bits that are stuck at one.
  reg [35:0] stuck /*verilator public_flat_rw*/ = 0;
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

// Memory of LUTs: written at the clock, read at once.
module tutti_lutram #(parameter WIDTH = 1, parameter ADDRESS = 4)
  (input clock, input write, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data,
   input [ADDRESS-1:0] read_address, output [WIDTH-1:0] read_data);
  (* ram_style = "distributed" *) reg [WIDTH-1:0] mem[0:(1<<ADDRESS)-1];
  integer i;
  initial for (i = 0; i < (1 << ADDRESS); i = i + 1) mem[i] = 0;
  always @(posedge clock) if (write) mem[write_address] <= write_data;
  assign read_data = mem[read_address];
endmodule

// Block memory with two ports; a port that writes keeps what it read before.
module tutti_bram #(parameter WIDTH = 1, parameter ADDRESS = 10)
  (input clock,
   input a_write, input [ADDRESS-1:0] a_address, input [WIDTH-1:0] a_data, output [WIDTH-1:0] a_read,
   input b_write, input [ADDRESS-1:0] b_address, input [WIDTH-1:0] b_data, output [WIDTH-1:0] b_read);
`ifdef VERILATOR
  reg [WIDTH-1:0] mem[0:(1<<ADDRESS)-1] /*verilator public_flat_rw*/;
  integer i;
  initial for (i = 0; i < (1 << ADDRESS); i = i + 1) mem[i] = 0;
`else
  (* ram_style = "block" *) reg [WIDTH-1:0] mem[0:(1<<ADDRESS)-1];
`endif
  reg [WIDTH-1:0] ra = 0, rb = 0;
  always @(posedge clock) if (a_write) mem[a_address] <= a_data; else ra <= mem[a_address];
  always @(posedge clock) if (b_write) mem[b_address] <= b_data; else rb <= mem[b_address];
  assign a_read = ra;
  assign b_read = rb;
endmodule
