// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// fakeSession is a replay that ends at icount 1000. It notes what it is asked to do.
type fakeSession struct {
	saved, loaded, deleted string
	sought, mark           uint64
	kept                   string // "kept" if there is a snapshot of that name
	fail                   error
	engine                 fakeEngine
	asked                  string // of the past, last
	marked                 []timeline.Checkpoint
}

// fakeEngine has registers that hold their own number.
type fakeEngine struct {
	cpu.Engine
	icount uint64
}

func (e *fakeEngine) ICount() uint64                { return e.icount }
func (e *fakeEngine) Description() *cpu.Description { return x86.Description() }
func (e *fakeEngine) CodeBits() int                 { return 64 }
func (e *fakeEngine) Halted() bool                  { return true }
func (e *fakeEngine) ReadRegister(r *cpu.Register) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(r.ID))
	return append(b, make([]byte, 8)...)[:r.Bits/8]
}
func (e *fakeEngine) Translate(linear uint64) (uint64, bool) {
	return linear - 0x1000, linear >= 0x1000
}

func (s *fakeSession) Machine() *machine.Machine {
	clock, err := icount.NewClock(1, s.engine.ICount) // 2 ns an instruction
	if err != nil {
		panic(err)
	}
	return &machine.Machine{Config: machine.Config{Engine: &s.engine, Clock: clock}}
}
func (s *fakeSession) Snapshots() ([]*snapshots.Snapshot, int64) {
	return []*snapshots.Snapshot{{Name: "kept"}}[:len(s.kept)/4], 0
}
func (s *fakeSession) SaveSnapshot(n string) error   { s.saved = n; return s.fail }
func (s *fakeSession) DeleteSnapshot(n string) error { s.deleted = n; return s.fail }
func (s *fakeSession) SetMark(n uint64) error        { s.mark = n; return s.fail }
func (s *fakeSession) ClearMark() error              { s.mark = 0; return s.fail }
func (s *fakeSession) Begin() machine.Moment         { return machine.Moment{ICount: 3} }
func (s *fakeSession) End() machine.Moment           { return machine.Moment{ICount: 1000} }
func (s *fakeSession) LoadSnapshot(_ context.Context, n string) error {
	s.loaded = n
	return s.fail
}
func (s *fakeSession) SeekTo(_ context.Context, n uint64) error {
	if n > 1000 {
		return errors.New("that is outside of the recording")
	}
	s.sought, s.engine.icount = n, n
	return s.fail
}

// The fake's memory is two instructions at 0x1000, the second at the PC.
func (s *fakeSession) PC() uint64                          { return 0x1001 }
func (s *fakeSession) CodeBits() int                       { return 64 }
func (s *fakeSession) Description() *cpu.Description       { return s.engine.Description() }
func (s *fakeSession) ReadRegister(r *cpu.Register) []byte { return s.engine.ReadRegister(r) }
func (s *fakeSession) ReadMemory(at uint64, p []byte) (int, error) {
	memory := []byte{0x90, 0x0f, 0x05, 0xf4}
	if at < 0x1000 || at >= 0x1004 {
		return 0, errors.New("no RAM there")
	}
	n := copy(p, memory[at-0x1000:])
	if n < len(p) {
		return n, errors.New("no RAM behind")
	}
	return n, nil
}
func (s *fakeSession) ReadPhysical(pa uint64, p []byte) (int, error) {
	return s.ReadMemory(pa+0x1000, p)
}

// The fake's past: it notes what it is asked for.
func (s *fakeSession) ask(format string, args ...any) error {
	s.asked = fmt.Sprintf(format, args...)
	return s.fail
}
func (s *fakeSession) ToConsole(_ context.Context, text string, back bool) error {
	return s.ask("console %q back %v", text, back)
}
func (s *fakeSession) ToEvent(_ context.Context, kind string, back bool) (replay.Record, error) {
	nmi := replay.Record{Kind: replay.KindInput, At: machine.Moment{ICount: 5}, Input: machine.Input{Kind: machine.InputNMI}}
	return nmi, s.ask("event %s back %v", kind, back)
}
func (s *fakeSession) ToMark(context.Context) error           { return s.ask("mark") }
func (s *fakeSession) Back(_ context.Context, n int) error    { return s.ask("back %d", n) }
func (s *fakeSession) Forward(_ context.Context, n int) error { return s.ask("forward %d", n) }
func (s *fakeSession) Restart(_ context.Context, n int) error {
	s.engine.icount = 7
	return s.ask("restart %d", n)
}
func (s *fakeSession) DeleteCheckpoint(n int) error       { return s.ask("delete %d", n) }
func (s *fakeSession) Checkpoints() []timeline.Checkpoint { return s.marked }
func (s *fakeSession) Checkpoint(note string) (timeline.Checkpoint, error) {
	n := s.engine.icount
	c := timeline.Checkpoint{Number: len(s.marked) + 1, Note: note, At: machine.Moment{ICount: n, Sub: 1}, Now: 2 * n, PC: s.PC()}
	s.marked = append(s.marked, c)
	return c, s.fail
}
func (s *fakeSession) WhoWrote(_ context.Context, addr uint64, size int, physical bool) (timeline.Write, error) {
	was := make([]byte, size)
	was[0] = 0xf0
	return timeline.Write{At: machine.Moment{ICount: 4}, PC: 0x1000, Old: was}, s.ask("write %#x %d %v", addr, size, physical)
}

// liveSession is one that cannot go anywhere.
type liveSession struct{ s *fakeSession }

func (l liveSession) Machine() *machine.Machine                 { return l.s.Machine() }
func (l liveSession) Snapshots() ([]*snapshots.Snapshot, int64) { return nil, 0 }
func (l liveSession) SaveSnapshot(n string) error               { return l.s.SaveSnapshot(n) }

type fakeOperator struct{ got []machine.Input }

func (o *fakeOperator) Push(in machine.Input) { o.got = append(o.got, in) }

// fakeControl is a machine that has not run yet.
type fakeControl struct {
	state RunState
	quit  bool
	gdb   string
}

func (c *fakeControl) State() RunState { return c.state }
func (c *fakeControl) Stop() error     { c.state = StatePaused; return nil }
func (c *fakeControl) Cont() error     { c.state = StateRunning; return nil }
func (c *fakeControl) Quit()           { c.quit = true }
func (c *fakeControl) ServeGDB(device string) error {
	if device == "foo" {
		return errors.New("foo is no address")
	}
	c.gdb = device
	return nil
}
