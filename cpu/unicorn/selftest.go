// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// The self-test's guest: 64-bit code at selfCode, in the first 2 MiB, which are
// its RAM. Its interrupt handlers are one IRETQ; that of #UD skips the two bytes
// of UD2 first.
const (
	selfRAM    = 2 << 20
	selfTables = 0x1000
	selfIDT    = 0x4000
	selfGDT    = 0x5000
	selfIret   = 0x6000 // IRETQ
	selfUD     = 0x6010 // ADDQ $2, (RSP); IRETQ
	selfStack  = 0x8000
	selfCode   = 0x10000
	selfMMIO   = 0x300000 // mapped, but no RAM
	selfVector = 0x40     // that the board raises on an OUT
)

var selfGuest = []byte{
	0xb9, 5, 0, 0, 0, //                      mov $5, %ecx
	0x48, 0x01, 0xc8, //                   1: add %rcx, %rax
	0xff, 0xc9, //                            dec %ecx
	0x75, 0xf9, //                            jnz 1b
	0x0f, 0x0b, //                            ud2               a fault in mid-block
	0xcd, 0x80, //                            int $0x80
	0xbf, 0, 0, 2, 0, //                      mov $0x20000, %edi
	0xb9, 3, 0, 0, 0, //                      mov $3, %ecx
	0xf3, 0xaa, //                            rep stosb         counts 4
	0x8b, 0x04, 0x25, 0, 0, 0x30, 0, //       mov 0x300000, %eax    a device read in mid-block
	0x48, 0xff, 0xc3, //                      inc %rbx
	0x89, 0x04, 0x25, 4, 0, 0x30, 0, //       mov %eax, 0x300004
	0xc6, 0x05, 1, 0, 0, 0, 42, //            movb $42, 1(%rip) the next instruction's operand
	0xba, 0, 0, 0, 0, //                      mov $0, %edx
	0xfb,       //                            sti
	0xe7, 0x80, //                            out %eax, $0x80   in the shadow; raises an interrupt
	0x90,       //                            nop               taken before it
	0xfa, 0xf4, //                            cli; hlt
}

// selfCount is how many instructions the guest retires, its handlers' included.
const selfCount = 37

// selfBoard is the self-test's board: reads give the count, an OUT interrupts.
type selfBoard struct {
	e   *Engine
	log []byte
}

func (b *selfBoard) note(what byte) {
	b.log = binary.LittleEndian.AppendUint64(append(b.log, what), b.e.ICount())
}

func (b *selfBoard) PortIn(uint16, int) uint32 { return 0 }
func (b *selfBoard) PortOut(uint16, int, uint32) {
	b.note('o')
	b.e.SetInterrupt(true)
}
func (b *selfBoard) MMIORead(uint64, int) uint64 {
	b.note('r')
	return b.e.ICount()
}
func (b *selfBoard) MMIOWrite(uint64, int, uint64) { b.note('w') }
func (b *selfBoard) AckInterrupt() uint8 {
	b.note('a')
	b.e.SetInterrupt(false)
	return selfVector
}
func (b *selfBoard) TaskPriority() uint8           { return 0 }
func (b *selfBoard) SetTaskPriority(uint8)         {}
func (b *selfBoard) ReadMSR(uint32) (uint64, bool) { return 0, false }
func (b *selfBoard) WriteMSR(uint32, uint64) bool  { return false }

// selfMachine is an engine with the self-test's guest.
type selfMachine struct {
	*Engine
	board *selfBoard
	ram   []byte
}

// SelfTest runs a tiny guest on an engine of its own, to every instruction count
// in one run, by single steps and from a saved state, and compares the states. It
// returns how many instructions it compared. An error says that the engine is not
// exact on this host, so that nothing it would run could be trusted.
func SelfTest() (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ram, err := syscall.Mmap(-1, 0, selfRAM, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return 0, fmt.Errorf("self-test: %w", err)
	}
	defer syscall.Munmap(ram)
	model, err := x86.NewModel("qemu64")
	if err != nil {
		return 0, err
	}
	board := &selfBoard{}
	e, err := open(Config{RAM: ram, Regions: []Region{{PA: 0, Size: selfRAM}}, Model: model, Board: board, CodeCache: MinCodeCache})
	if err != nil {
		return 0, err
	}
	defer e.Close()
	board.e = e
	m := &selfMachine{e, board, ram}
	if err := m.compare(); err != nil {
		return 0, fmt.Errorf("self-test: the engine is not exact on this host: %w", err)
	}
	return selfCount, nil
}

func (m *selfMachine) compare() error {
	var steps [selfCount][]byte
	m.start()
	for k := range steps {
		s, err := m.to(uint64(k + 1))
		if err != nil {
			return err
		}
		steps[k] = s
	}
	if why, err := m.Run(selfCount + 1); err != nil || why != cpu.StopHalt {
		return fmt.Errorf("at its end it stopped for %v, %w; want halt", why, err)
	}
	if s := m.State(); s.Regs[x86.RegRDX] != 42 || s.Regs[x86.RegRAX] == 0 || s.Regs[x86.RegRBX] != 1 {
		return fmt.Errorf("at its end RAX, RBX and RDX are %#x, %d and %d; want a count, 1 and 42",
			s.Regs[x86.RegRAX], s.Regs[x86.RegRBX], s.Regs[x86.RegRDX])
	}
	for k := range steps {
		m.start()
		s, err := m.to(uint64(k + 1))
		if err != nil {
			return err
		}
		if !bytes.Equal(s, steps[k]) {
			return fmt.Errorf("the state at icount %d is another in one run than by single steps", k+1)
		}
		if err := m.Load(m.Save()); err != nil {
			return err
		}
		if k+1 < selfCount {
			if s, err = m.to(uint64(k + 2)); err != nil {
				return err
			}
			if !bytes.Equal(s, steps[k+1]) {
				return fmt.Errorf("the state at icount %d is another from a saved state than by single steps", k+2)
			}
		}
	}
	return nil
}

// to runs to a count and returns all that there is of state then.
func (m *selfMachine) to(n uint64) ([]byte, error) {
	why, err := m.Run(n)
	if err != nil {
		return nil, err
	}
	if why != cpu.StopLimit || m.ICount() != n {
		return nil, fmt.Errorf("asked to run to icount %d, it stopped for %v at %d", n, why, m.ICount())
	}
	s := append(m.Save(), m.board.log...)
	return append(append(s, m.ram[:selfStack]...), m.ram[selfCode:0x20100]...), nil
}

// start writes the guest and puts the CPU at its beginning.
func (m *selfMachine) start() {
	clear(m.ram)
	put := func(pa int, v uint64) { binary.LittleEndian.PutUint64(m.ram[pa:], v) }
	put(selfTables, selfTables+0x1000|3)
	put(selfTables+0x1000, selfTables+0x2000|3)
	put(selfTables+0x2000, 0x83)          // 2 MiB page: the RAM
	put(selfTables+0x2008, 0x200000|0x83) // and the hole behind it
	put(selfGDT+0x10, 0x00af9b000000ffff)
	put(selfGDT+0x18, 0x00cf93000000ffff)
	for v, h := range map[int]uint64{6: selfUD, 0x80: selfIret, selfVector: selfIret} {
		put(selfIDT+16*v, h|0x10<<16|0x8e00<<32)
	}
	copy(m.ram[selfIret:], []byte{0x48, 0xcf})
	copy(m.ram[selfUD:], []byte{0x48, 0x83, 0x04, 0x24, 2, 0x48, 0xcf})
	copy(m.ram[selfCode:], selfGuest)
	m.Invalidate(0, selfRAM)
	s := &x86.State{RIP: selfCode, RFLAGS: 2, CR0: 0x80010033, CR3: selfTables, CR4: 0x620, EFER: 0xd01,
		DR: [8]uint64{6: 0xffff0ff0, 7: 0x400}, FPControl: 0x37f, MXCSR: 0x1f80, A20: 1,
		GDT: x86.Segment{Base: selfGDT, Limit: 0x1f}, IDT: x86.Segment{Base: selfIDT, Limit: 0xfff}}
	s.Regs[x86.RegRSP] = selfStack
	for i := range s.Segs {
		s.Segs[i] = x86.Segment{Selector: 0x18, Limit: 0xffffffff, Flags: 0xcf9300}
	}
	s.Segs[x86.SegCS] = x86.Segment{Selector: 0x10, Limit: 0xffffffff, Flags: 0xaf9b00}
	m.SetState(s)
	m.SetICount(0)
	m.SetInterrupt(false)
	m.board.log = nil
}
