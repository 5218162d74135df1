// generic: 2 cores at 48000000 Hz, 16 clocks a bit on the serial line
module tutti_board(input clock, input rx, output tx, output [0:0] led);
  wire [15:0] running;
  tutti_serial card(.clock(clock), .rx(rx), .tx(tx), .digest(128'h6f24f83ede84ae77062249963130b92d), .running(running));
  assign led = |running;
endmodule
