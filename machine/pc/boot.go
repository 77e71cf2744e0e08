// SPDX-License-Identifier: GPL-2.0-or-later

package pc

import (
	"encoding/binary"
	"fmt"
	"log/slog"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/images/acpi"
	"github.com/vmrr/vmrr/images/linux"
	"github.com/vmrr/vmrr/machine"
)

// Check finds out without a CPU whether a machine can be built and its kernel
// loaded, so that a bad option is an error before anything is written.
func Check(cfg Config) error {
	if err := cfg.check(); err != nil {
		return err
	}
	if _, err := x86.NewModel(cfg.CPU); err != nil {
		return err
	}
	_, err := linux.Load(&noRAM{cpu.Memory{Regions: cfg.regions()}}, cfg.linux(0, nil))
	return err
}

// noRAM takes what is written to it if there would be RAM, and forgets it.
type noRAM struct{ cpu.Memory }

func (r *noRAM) WriteAt(p []byte, pa int64) (int, error) {
	for done := 0; done < len(p); {
		_, n := r.Offset(uint64(pa) + uint64(done))
		if n == 0 {
			return done, &machine.RAMError{PA: uint64(pa) + uint64(done), Size: len(p) - done}
		}
		done += int(min(n, uint64(len(p)-done)))
	}
	return len(p), nil
}

// linux is what the boot loader is told.
func (c *Config) linux(rsdp uint64, seed []byte) linux.Config {
	return linux.Config{Kernel: c.Kernel, Initrd: c.Initrd, CommandLine: c.CommandLine,
		E820: c.e820(), LowRAM: min(c.RAM, lowRAMMax), RSDP: rsdp, Seed: seed}
}

// PowerOn implements machine.Board. The board has no firmware: what it would have
// done is done here, and the kernel is started by the Linux boot protocol.
func (p *PC) PowerOn(warm bool, ask func(machine.Query) (int64, error)) error {
	if warm {
		// What a firmware uses for itself; the rest of RAM survives a reset.
		if err := p.clear(0, vgaStart); err != nil {
			return err
		}
		if err := p.clear(biosStart, biosEnd-biosStart); err != nil {
			return err
		}
	}
	for _, d := range p.Devices() {
		d.Reset()
	}
	p.engine.Reset()
	if !warm {
		now, err := ask(machine.QueryWallClock)
		if err != nil {
			return fmt.Errorf("setting the real-time clock: %w", err)
		}
		p.rtc.SetTime(now)
	}
	p.setCMOS()
	tables, err := acpi.Build(acpiConfig())
	if err != nil {
		return err
	}
	if _, err := p.ram.WriteAt(tables.Bytes, int64(tables.Base)); err != nil {
		return fmt.Errorf("placing the ACPI tables: %w", err)
	}
	seed, err := askSeed(ask)
	if err != nil {
		return err
	}
	entry, err := linux.Load(p.ram, p.cfg.linux(tables.RSDP, seed))
	if err != nil {
		return err
	}
	return p.enter(entry)
}

// seedWords is the length of the kernel's random seed in 64-bit words.
const seedWords = 4

// askSeed asks for the kernel's random seed.
func askSeed(ask func(machine.Query) (int64, error)) ([]byte, error) {
	var seed []byte
	for range seedWords {
		v, err := ask(machine.QueryEntropy)
		if err != nil {
			return nil, fmt.Errorf("seeding the kernel: %w", err)
		}
		seed = binary.LittleEndian.AppendUint64(seed, uint64(v))
	}
	return seed, nil
}

func (p *PC) clear(pa, size uint64) error {
	_, err := p.ram.WriteAt(make([]byte, size), int64(pa))
	return err
}

// setCMOS stores the memory sizes where a BIOS does: base memory in KiB, memory
// above 1 MiB in KiB up to 64 MiB, above 16 MiB in units of 64 KiB.
func (p *PC) setCMOS() {
	put16 := func(at int, v uint64) {
		v = min(v, 0xffff)
		p.rtc.SetCMOS(at, uint8(v))
		p.rtc.SetCMOS(at+1, uint8(v>>8))
	}
	low := min(p.cfg.RAM, lowRAMMax)
	put16(0x15, 640)
	put16(0x17, (low-MiB)/1024)
	put16(0x30, (low-MiB)/1024)
	if low > 16*MiB {
		put16(0x34, (low-16*MiB)/(64*1024))
	}
}

// enter puts the CPU where the boot protocol wants it.
func (p *PC) enter(e linux.Entry) error {
	var s x86.State
	if err := s.Decode(p.engine.Save()); err != nil {
		return err
	}
	s.RIP, s.RFLAGS = e.RIP, e.RFLAGS
	s.Regs = [16]uint64{x86.RegRSI: e.RSI, x86.RegRSP: e.RSP}
	s.CR0, s.CR3, s.CR4, s.EFER = e.CR0, e.CR3, e.CR4, e.EFER
	s.GDT = x86.Segment{Base: e.GDTBase, Limit: uint32(e.GDTLimit)}
	s.IDT = x86.Segment{}
	segment := func(from linux.Segment) x86.Segment {
		return x86.Segment{Selector: uint32(from.Selector), Base: from.Base, Limit: from.Limit, Flags: from.Flags}
	}
	s.Segs[x86.SegCS] = segment(e.CS)
	for _, i := range []int{x86.SegDS, x86.SegES, x86.SegSS} {
		s.Segs[i] = segment(e.Data)
	}
	// MTRRs as a BIOS leaves them: all memory write-back (SDM vol. 3, 11.11).
	s.MTRRDefType = 0x806
	s.Hidden = 0 // derived by Load
	return p.engine.Load(s.Encode())
}

// Deliver implements machine.Board.
func (p *PC) Deliver(in machine.Input) error {
	switch in.Kind {
	case machine.InputSerial:
		if int(in.Unit) >= len(p.serial) {
			return fmt.Errorf("there is no serial port %d, want 0 to %d", in.Unit, len(p.serial)-1)
		}
		if n := p.serial[in.Unit].Receive(in.Data); n < len(in.Data) {
			p.lost(in.Unit, len(in.Data)-n)
		}
	case machine.InputPower:
		p.pm.PressPowerButton()
	case machine.InputNMI:
		if !p.rtc.NMIMasked() {
			p.engine.NMI()
		}
	default:
		return fmt.Errorf("a pc takes no such input")
	}
	return nil
}

// lost tells of bytes that a serial port had no room for, each time that they are
// twice as many as when it told last.
func (p *PC) lost(port uint8, n int) {
	p.inputLost[port] += n
	if p.inputLost[port] >= p.inputTold[port] {
		p.inputTold[port] = 2 * p.inputLost[port]
		slog.Warn("serial input lost: the guest does not read it", "port", port, "bytes", p.inputLost[port])
	}
}

// SerialRoom returns how many more bytes serial port i takes without losing any.
func (p *PC) SerialRoom(i int) int { return p.serial[i].Room() }

// SerialSent returns how many bytes the guest has sent to serial port i since power-on.
func (p *PC) SerialSent(i int) uint64 { return p.tallies[i].state.Count }

// Console implements machine.Board.
func (p *PC) Console() (bytes, hash uint64) {
	return p.tallies[0].state.Count, p.tallies[0].state.Hash
}

// OnConsole implements machine.Board.
func (p *PC) OnConsole(f func(offset uint64, b byte)) { p.tallies[0].listen = f }
