// ECP5's PLL where time is counted in clocks of the cores: what goes in comes out.
module EHXPLLL #(parameter PLLRST_ENA = "", parameter INTFB_WAKE = "", parameter STDBY_ENABLE = "",
    parameter DPHASE_SOURCE = "", parameter OUTDIVIDER_MUXA = "", parameter OUTDIVIDER_MUXB = "",
    parameter OUTDIVIDER_MUXC = "", parameter OUTDIVIDER_MUXD = "", parameter CLKI_DIV = 1, parameter CLKOP_ENABLE = "",
    parameter CLKOP_DIV = 1, parameter CLKOP_CPHASE = 0, parameter CLKOP_FPHASE = 0, parameter FEEDBK_PATH = "",
    parameter CLKFB_DIV = 1)
  (input CLKI, input CLKFB, output CLKOP, output LOCK, input RST, input STDBY, input PHASESEL0, input PHASESEL1,
   input PHASEDIR, input PHASESTEP, input PHASELOADREG, input PLLWAKESYNC, input ENCLKOP);
  assign CLKOP = CLKI;
  assign LOCK = 1'b1;
endmodule
