// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// fake is a machine for the tests: an x86_64 that knows five instructions and
// remembers every step, so that it can go back.
type fake struct {
	desc     *cpu.Description
	regs     [x86.NumRegisters][]byte
	mem      []byte // from fakeBase on
	history  []undo
	end      int  // instructions in the recording
	spin     bool // Continue runs until it is cancelled
	readOnly bool
	opened   int // files

	breaks  map[point]func() bool // the condition, nil if there is none
	watches map[point]bool
	// physicalWatches are those of memory from address 0 on.
	physicalWatches map[point]bool
	running         chan struct{} // receives when a spinning Continue begins
	calls           []string      // Attached and Detached
	left            chan string   // receives after each Detached how

	hit     point // the watchpoint of the last instruction
	watched bool
}

// undo is what an instruction changed.
type undo struct {
	rip, rax, rdi uint64
	addr          uint64 // of the byte stored; 0 if none
	old           byte
}

const (
	fakeBase = 0x1000
	fakeSize = 0x3000
	fakeData = 0x2000
)

// fakeProgram is, from fakeBase on:
//
//	1000: nop
//	1001: inc rax
//	1004: stosb        ; from fakeData on
//	1005: nop
//	1006: jmp 1001
var fakeProgram = []byte{0x90, 0x48, 0xff, 0xc0, 0xaa, 0x90, 0xeb, 0xf9}

var errReadOnly = errors.New("the past cannot be changed")

func newFake() *fake {
	f := &fake{desc: x86.Description(), mem: make([]byte, fakeSize), end: 1000,
		breaks: map[point]func() bool{}, watches: map[point]bool{}, physicalWatches: map[point]bool{}, running: make(chan struct{}, 1),
		left: make(chan string, 8)}
	copy(f.mem, fakeProgram)
	for i, r := range f.desc.All() {
		f.regs[i] = make([]byte, r.Bits/8)
	}
	f.set(x86.RIP, fakeBase)
	f.set(x86.RDI, fakeData)
	f.set(x86.RSP, fakeBase+fakeSize-64)
	binary.LittleEndian.PutUint32(f.regs[x86.EFLAGS], 0x202)
	binary.LittleEndian.PutUint32(f.regs[x86.CS], 0x10)
	f.set(x86.CR0, 0x80050033)
	f.set(x86.CodeBits, 64)
	return f
}

func (f *fake) get(id int) uint64 { return binary.LittleEndian.Uint64(f.regs[id]) }

func (f *fake) set(id int, v uint64) { binary.LittleEndian.PutUint64(f.regs[id], v) }

func (f *fake) icount() int { return len(f.history) }

func (f *fake) Description() *cpu.Description { return f.desc }

func (f *fake) CodeBits() int { return int(f.get(x86.CodeBits)) }

func (f *fake) NarrowDescription(bits int) *cpu.Description { return x86.NarrowDescription(bits) }

func (f *fake) ReadRegister(r *cpu.Register) []byte { return append([]byte(nil), f.regs[r.ID]...) }

func (f *fake) WriteRegister(r *cpu.Register, value []byte) error {
	if f.readOnly {
		return errReadOnly
	}
	copy(f.regs[r.ID], value)
	return nil
}

func (f *fake) ReadMemory(addr uint64, p []byte) (int, error) {
	if addr < fakeBase || addr >= fakeBase+fakeSize {
		return 0, fmt.Errorf("no page at 0x%x", addr)
	}
	n := copy(p, f.mem[addr-fakeBase:])
	if n < len(p) {
		return n, fmt.Errorf("no page at 0x%x", addr+uint64(n))
	}
	return n, nil
}

func (f *fake) WriteMemory(addr uint64, p []byte) error {
	if f.readOnly {
		return errReadOnly
	}
	if addr < fakeBase || addr >= fakeBase+fakeSize || uint64(len(p)) > fakeBase+fakeSize-addr {
		return fmt.Errorf("no page at 0x%x", addr)
	}
	copy(f.mem[addr-fakeBase:], p)
	return nil
}

// Physical memory is the same, at addresses from 0.
func (f *fake) ReadPhysical(addr uint64, p []byte) (int, error) {
	if addr >= fakeSize {
		return 0, errors.New("no memory")
	}
	return f.ReadMemory(addr+fakeBase, p)
}

func (f *fake) WritePhysical(addr uint64, p []byte) error {
	if addr >= fakeSize {
		return errors.New("no memory")
	}
	return f.WriteMemory(addr+fakeBase, p)
}

func breakPoint(addr uint64, kind BreakKind) point {
	return point{typ: pointSoftware + byte(kind), addr: addr}
}

func (f *fake) InsertBreak(addr uint64, kind BreakKind) error {
	if addr >= 1<<63 {
		return errors.New("no such address")
	}
	if _, twice := f.breaks[breakPoint(addr, kind)]; twice {
		panic("breakpoint inserted twice")
	}
	f.breaks[breakPoint(addr, kind)] = nil
	return nil
}

func (f *fake) RemoveBreak(addr uint64, kind BreakKind) error {
	if _, there := f.breaks[breakPoint(addr, kind)]; !there {
		panic("breakpoint removed twice")
	}
	delete(f.breaks, breakPoint(addr, kind))
	return nil
}

func (f *fake) SetCondition(addr uint64, kind BreakKind, condition func() bool) {
	if _, there := f.breaks[breakPoint(addr, kind)]; !there {
		panic("condition for a breakpoint that is not there")
	}
	f.breaks[breakPoint(addr, kind)] = condition
}

// met reports whether a breakpoint stops before the next instruction.
func (f *fake) met() bool {
	for _, kind := range []BreakKind{BreakSoftware, BreakHardware} {
		condition, there := f.breaks[breakPoint(f.get(x86.RIP), kind)]
		if there && (condition == nil || condition()) {
			return true
		}
	}
	return false
}

func (f *fake) InsertWatch(addr, length uint64, kind WatchKind) error {
	f.watches[point{typ: pointWrite + byte(kind), addr: addr, size: length}] = true
	return nil
}

func (f *fake) RemoveWatch(addr, length uint64, kind WatchKind) error {
	delete(f.watches, point{typ: pointWrite + byte(kind), addr: addr, size: length})
	return nil
}

func (f *fake) InsertPhysicalWatch(addr, length uint64, kind WatchKind) error {
	if f.physicalWatches[point{typ: pointWrite + byte(kind), addr: addr, size: length}] {
		panic("physical watchpoint inserted twice")
	}
	f.physicalWatches[point{typ: pointWrite + byte(kind), addr: addr, size: length}] = true
	return nil
}

func (f *fake) RemovePhysicalWatch(addr, length uint64, kind WatchKind) error {
	if !f.physicalWatches[point{typ: pointWrite + byte(kind), addr: addr, size: length}] {
		panic("physical watchpoint removed twice")
	}
	delete(f.physicalWatches, point{typ: pointWrite + byte(kind), addr: addr, size: length})
	return nil
}

// forward executes one instruction.
func (f *fake) forward() bool {
	f.watched = false
	if f.icount() >= f.end {
		return false
	}
	pc := f.get(x86.RIP)
	u := undo{rip: pc, rax: f.get(x86.RAX), rdi: f.get(x86.RDI)}
	var op [3]byte
	f.ReadMemory(pc, op[:])
	switch {
	case op[0] == 0x90:
		pc++
	case op[0] == 0xeb:
		pc += 2 + uint64(int8(op[1]))
	case op == [3]byte{0x48, 0xff, 0xc0}:
		pc += 3
		f.set(x86.RAX, u.rax+1)
	case op[0] == 0xaa && u.rdi >= fakeBase && u.rdi < fakeBase+fakeSize:
		pc++
		u.addr, u.old = u.rdi, f.mem[u.rdi-fakeBase]
		f.mem[u.rdi-fakeBase] = byte(u.rax)
		f.set(x86.RDI, u.rdi+1)
		f.watch(u.addr)
	default:
		return false // as if the recording ended here
	}
	f.set(x86.RIP, pc)
	f.history = append(f.history, u)
	return true
}

func (f *fake) watch(addr uint64) {
	for p := range f.watches {
		if p.watchKind() != WatchRead && addr-p.addr < p.size {
			f.hit, f.watched = p, true
		}
	}
	for p := range f.physicalWatches {
		if p.watchKind() != WatchRead && addr-fakeBase-p.addr < p.size {
			f.hit, f.watched = p, true
		}
	}
}

// back undoes one instruction.
func (f *fake) back() bool {
	f.watched = false
	if f.icount() == 0 {
		return false
	}
	u := f.history[f.icount()-1]
	f.history = f.history[:f.icount()-1]
	f.set(x86.RIP, u.rip)
	f.set(x86.RAX, u.rax)
	f.set(x86.RDI, u.rdi)
	if u.addr != 0 {
		f.mem[u.addr-fakeBase] = u.old
		f.watch(u.addr)
	}
	return true
}

// run moves by one instruction at a time until something stops it.
func (f *fake) run(ctx context.Context, limit uint64, move func() bool, edge Reason) (Stop, error) {
	for range limit {
		if ctx.Err() != nil {
			return Stop{}, ctx.Err()
		}
		if !move() {
			return Stop{Reason: edge}, nil
		}
		if f.watched {
			return Stop{Reason: StopWatch, Addr: f.hit.addr, Watch: f.hit.watchKind()}, nil
		}
		if f.met() {
			return Stop{Reason: StopBreak, Addr: f.get(x86.RIP)}, nil
		}
	}
	return Stop{Reason: StopStep}, nil
}

func (f *fake) Step(ctx context.Context, n uint64) (Stop, error) {
	return f.run(ctx, n, f.forward, StopHistoryEnd)
}

func (f *fake) Continue(ctx context.Context) (Stop, error) {
	if f.spin {
		f.running <- struct{}{}
		<-ctx.Done()
		return Stop{Reason: StopInterrupted}, nil
	}
	return f.run(ctx, 1<<30, f.forward, StopHistoryEnd)
}

func (f *fake) ReverseStep(ctx context.Context) (Stop, error) {
	return f.run(ctx, 1, f.back, StopHistoryBegin)
}

func (f *fake) ReverseContinue(ctx context.Context, _ io.Writer) (Stop, error) {
	return f.run(ctx, 1<<30, f.back, StopHistoryBegin)
}

func (f *fake) Monitor(_ context.Context, command string, out io.Writer) (bool, error) {
	var n int
	switch {
	case command == "info replay":
		fmt.Fprintf(out, "icount %d of %d\n", f.icount(), f.end)
		return false, nil
	case scan(command, "replay_seek %d", &n) && n >= 0 && n <= f.end:
		for f.icount() > n && f.back() {
		}
		for f.icount() < n && f.forward() {
		}
		return true, nil
	}
	return false, fmt.Errorf("unknown command: %q", command)
}

func scan(s, format string, args ...any) bool {
	n, err := fmt.Sscanf(s, format, args...)
	return err == nil && n == len(args)
}

func (f *fake) Attached(context.Context) error {
	f.calls = append(f.calls, "attached")
	return nil
}

func (f *fake) Detached(how Departure) {
	f.calls = append(f.calls, how.String())
	f.left <- how.String()
}

// plain hides everything optional that a target can do.
type plain struct{ Target }

// sent is an outlet that keeps what is sent.
type sent struct {
	packets []string
	noAck   bool
}

func (s *sent) send(data []byte) error {
	s.packets = append(s.packets, string(data))
	return nil
}

func (s *sent) stopAcks() { s.noAck = true }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// askAll executes a packet and returns all that was sent for it.
func askAll(s *session, packet string) []string {
	out := s.out.(*sent)
	out.packets = nil
	answer := s.execute(context.Background(), inbound{data: []byte(packet)})
	if !s.mute {
		out.send([]byte(answer))
	}
	return out.packets
}

// ask executes a packet that is answered with one.
func ask(s *session, packet string) string { return strings.Join(askAll(s, packet), " + ") }

func newTestSession(t testing.TB, target Target) *session {
	t.Helper()
	return newSession(target, &sent{}, quiet())
}

// OpenFile has one file, which says how often it was opened.
func (f *fake) OpenFile(name string) ([]byte, error) {
	switch name {
	case "notes":
		f.opened++
		return fmt.Appendf(nil, "opened %d $#*}\n", f.opened), nil
	case "broken":
		return nil, errors.New("nothing can be read")
	}
	return nil, fs.ErrNotExist
}
