// Memories, which the tools infer. The ports are those of src/cells.rs.

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
  reg [WIDTH-1:0] mem[0:(1<<ADDRESS)-1];
  integer i;
  initial for (i = 0; i < (1 << ADDRESS); i = i + 1) mem[i] = 0;
  // Fault injection: port b writes nothing.
  reg stale = 0;
`else
  wire stale = 0;
  (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] mem[0:(1<<ADDRESS)-1];
`endif
  reg [WIDTH-1:0] ra, rb;
  always @(posedge clock) if (a_write) mem[a_address] <= a_data; else ra <= mem[a_address];
  always @(posedge clock) if (b_write) begin if (!stale) mem[b_address] <= b_data; end else rb <= mem[b_address];
  assign a_read = ra;
  assign b_read = rb;
endmodule
