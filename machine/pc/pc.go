// SPDX-License-Identifier: GPL-2.0-or-later

package pc

import (
	"fmt"
	"log/slog"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/devices/acpipm"
	"github.com/vmrr/vmrr/devices/apic"
	"github.com/vmrr/vmrr/devices/debugport"
	"github.com/vmrr/vmrr/devices/i8042"
	"github.com/vmrr/vmrr/devices/pci"
	"github.com/vmrr/vmrr/devices/pic"
	"github.com/vmrr/vmrr/devices/pit"
	"github.com/vmrr/vmrr/devices/rtc"
	"github.com/vmrr/vmrr/devices/serial"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

// PC is the board. It implements machine.Board.
type PC struct {
	cfg    Config
	model  *x86.Model
	engine cpu.Engine
	clock  *icount.Clock
	ram    *machine.RAM
	raise  func(machine.Event)

	ports devices.PortBus
	mmio  devices.MMIOBus

	local   *apic.Local
	ioapic  *apic.IOAPIC
	pic     *pic.PIC
	pit     *pit.PIT
	rtc     *rtc.RTC
	kbd     *i8042.Controller
	serial  [2]*serial.UART
	pm      *acpipm.PM
	pci     *pci.Bus
	bridges [2]*pci.Bridge
	reset   *pci.ResetControl
	debug   *debugport.Device
	tallies [3]*tally // COM1, COM2, debug port

	// Bytes of serial input that were lost in this process, and how many there must
	// be for the next warning. They are no part of the machine's state.
	inputLost, inputTold [2]int
}

var _ machine.Board = (*PC)(nil)

// New builds a machine around a pc, switched off.
func New(cfg Config, open NewEngine, inputs machine.Inputs, out Outputs) (*machine.Machine, *PC, error) {
	if err := cfg.check(); err != nil {
		return nil, nil, err
	}
	model, err := x86.NewModel(cfg.CPU)
	if err != nil {
		return nil, nil, err
	}
	host, err := machine.MapRAM(cfg.RAM)
	if err != nil {
		return nil, nil, err
	}
	mem := cpu.Memory{Host: host, Regions: cfg.regions()}
	p := &PC{cfg: cfg, model: model, ram: &machine.RAM{Memory: mem}}
	if p.engine, err = open(mem, model, p); err != nil {
		machine.UnmapRAM(host)
		return nil, nil, err
	}
	if p.clock, err = icount.NewClock(cfg.Shift, p.engine.ICount); err != nil {
		p.Close()
		return nil, nil, err
	}
	p.build(out)
	m := machine.New(machine.Config{Engine: p.engine, Board: p, Clock: p.clock, RAM: p.ram, Inputs: inputs, NoReboot: cfg.NoReboot})
	p.raise = m.Raise
	return m, p, nil
}

// Close releases the engine and the RAM.
func (p *PC) Close() {
	p.engine.Close()
	if err := machine.UnmapRAM(p.ram.Host); err != nil {
		slog.Error("freeing guest RAM", "err", err)
	}
}

// isaLine drives one ISA interrupt request at both controllers.
func (p *PC) isaLine(irq int) devices.Line {
	gsi := irq
	if irq == irqTimer {
		gsi = gsiTimer
	}
	toPIC, toIOAPIC := p.pic.Line(irq), p.ioapic.Line(gsi)
	return devices.LineFunc(func(high bool) {
		toPIC.Set(high)
		toIOAPIC.Set(high)
	})
}

// build makes the devices, in an order that also decides ties between timers,
// and wires them.
func (p *PC) build(out Outputs) {
	p.local = apic.NewLocal(apic.LocalConfig{
		Clock: p.clock, VirtualWire: true,
		Interrupt: devices.LineFunc(p.engine.SetInterrupt),
		NMI:       p.engine.NMI,
		Init:      p.resetCPU,
		INTA:      func() uint8 { return p.pic.Ack() },
		EOI:       func(vector uint8) { p.ioapic.EOI(vector) },
	})
	p.ioapic = apic.NewIOAPIC(apic.IOAPICConfig{ID: ioAPICID, Deliver: p.local.Deliver})
	p.pic = pic.New(pic.Config{INTR: p.local.LINT0()})
	p.pit = pit.New(pit.Config{Clock: p.clock, IRQ: p.isaLine(irqTimer)})
	p.rtc = rtc.New(rtc.Config{Clock: p.clock, IRQ: p.isaLine(irqRTC)})
	p.kbd = i8042.New(i8042.Config{
		KbdIRQ: p.isaLine(irqKeyboard), AuxIRQ: p.isaLine(irqMouse),
		A20:   devices.LineFunc(p.engine.SetA20),
		Reset: devices.LineFunc(p.resetLine),
	})
	for i, irq := range []int{irqCOM1, irqCOM2} {
		p.tallies[i] = newTally(fmt.Sprintf("com%d-output", i+1), func(at uint64, b byte) {
			if out.Serial != nil {
				out.Serial(i, at, b)
			}
		})
		p.serial[i] = serial.New(serial.Config{Name: fmt.Sprintf("com%d", i+1), Clock: p.clock, IRQ: p.isaLine(irq), Sink: p.tallies[i].put})
	}
	p.pm = acpipm.New(acpipm.Config{
		Clock: p.clock, Base: acpipm.DefaultBase, SCI: p.isaLine(irqSCI),
		PowerOff: func() { p.raise(machine.Event{Kind: machine.EventPowerOff}) },
	})
	p.pci = pci.NewBus()
	p.bridges = [2]*pci.Bridge{pci.NewHostBridge(), pci.NewISABridge()}
	p.pci.Attach(0, 0, p.bridges[0])
	p.pci.Attach(1, 0, p.bridges[1])
	p.reset = pci.NewResetControl(pci.ResetConfig{Reset: func(hard bool) {
		if hard {
			p.resetLine(true)
		} else {
			p.resetCPU()
		}
	}})
	p.tallies[2] = newTally("debug-output", out.Debug)
	p.debug = debugport.New(debugport.Config{Sink: p.tallies[2].put, Exit: func(code int) {
		p.raise(machine.Event{Kind: machine.EventExit, Code: code})
	}})
	p.mapBuses()
}

func (p *PC) mapBuses() {
	p.ports.Map(pic.MasterPort, pic.Ports, p.pic)
	p.ports.Map(pic.SlavePort, pic.Ports, p.pic)
	p.ports.Map(pic.ELCRPort, pic.Ports, p.pic)
	p.ports.Map(pit.Port, pit.Ports, p.pit)
	p.ports.Map(pit.ControlPort, 1, p.pit)
	p.ports.Map(rtc.Port, rtc.Ports, p.rtc)
	p.ports.Map(i8042.DataPort, 1, p.kbd)
	p.ports.Map(i8042.StatusPort, 1, p.kbd)
	p.ports.Map(i8042.Port92, 1, p.kbd)
	p.ports.Map(com1, serial.Ports, p.serial[0])
	p.ports.Map(com2, serial.Ports, p.serial[1])
	p.ports.Map(acpipm.DefaultBase, acpipm.Ports, p.pm)
	p.ports.Map(pci.PortAddress, 1, p.pci)
	p.ports.Map(pci.PortReset, 1, p.reset)
	p.ports.Map(pci.PortData, 4, p.pci)
	p.ports.Map(debugport.BochsPort, 1, p.debug)
	p.ports.Map(debugport.SeaBIOSPort, 1, p.debug)
	p.ports.Map(debugport.ExitPort, debugport.ExitPorts, p.debug)
	p.mmio.Map(apic.LocalBase, apic.LocalSize, p.local)
	p.mmio.Map(apic.IOAPICBase, apic.IOAPICSize, p.ioapic)
}

// Devices implements machine.Board: whoever drives a line comes before the
// controller that the line leads to.
func (p *PC) Devices() []devices.Device {
	return []devices.Device{
		p.tallies[0], p.tallies[1], p.tallies[2],
		p.pit, p.rtc, p.kbd, p.serial[0], p.serial[1], p.pm,
		p.pci, p.bridges[0], p.bridges[1], p.reset, p.debug,
		p.pic, p.ioapic, p.local,
	}
}

// resetLine is the platform reset: of everything, once the instruction is over.
func (p *PC) resetLine(high bool) {
	if high {
		p.raise(machine.Event{Kind: machine.EventReset})
	}
}

// resetCPU is INIT or a soft reset. A real one restarts at the reset vector, in
// firmware; this board has none, so it restarts the whole machine.
func (p *PC) resetCPU() { p.resetLine(true) }
