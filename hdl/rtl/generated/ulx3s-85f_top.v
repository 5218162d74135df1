// ulx3s-85f: 10 cores at 90000000 Hz, 30 clocks a bit on the serial line
module tutti_board(input clk_25mhz, input ftdi_txd, output ftdi_rxd, output [7:0] led, output wifi_gpio0);
  wire core_clock, locked;
  (* FREQUENCY_PIN_CLKI="25", FREQUENCY_PIN_CLKOP="90", ICP_CURRENT="12", LPF_RESISTOR="8" *)
  EHXPLLL #(
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED"),
    .OUTDIVIDER_MUXA("DIVA"), .OUTDIVIDER_MUXB("DIVB"), .OUTDIVIDER_MUXC("DIVC"), .OUTDIVIDER_MUXD("DIVD"),
    .CLKI_DIV(5), .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV(7), .CLKOP_CPHASE(3),
    .CLKOP_FPHASE(0), .FEEDBK_PATH("CLKOP"), .CLKFB_DIV(18)
  ) pll (
    .CLKI(clk_25mhz), .CLKFB(core_clock), .CLKOP(core_clock), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
    .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
  wire [15:0] running;
  tutti_serial card(.clock(core_clock), .rx(ftdi_txd), .tx(ftdi_rxd), .digest(128'h19e91cfda369f79c2ac19c44801d01ee), .running(running));
  assign led = {|running[15:7], running[6:0]};
  assign wifi_gpio0 = 1'b1;
endmodule
