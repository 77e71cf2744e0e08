// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
)

// deaf returns what takes input for a guest that has no room for any.
func deaf(t *testing.T) *feeder {
	return &feeder{do: func(_ context.Context, f func()) error { f(); return nil },
		room: func() int { return 0 },
		push: func(in machine.Input) {
			if in.Kind == machine.InputSerial {
				t.Errorf("a guest that has no room is given %d bytes", len(in.Data))
			}
		}}
}

// The keys of the console work whatever the guest does not read.
func TestEscapesGetPastADeafGuest(t *testing.T) {
	quits := 0
	c := &console{escapes: true, guest: deaf(t), quit: func() { quits++ }, focus: func(bool) {}, ended: func() {}}
	c.read(t.Context(), io.MultiReader(strings.NewReader(strings.Repeat("x", 2*maxTyped)), strings.NewReader("y\x01x")))
	if quits != 1 {
		t.Errorf("Ctrl-A x behind what the guest does not read ends the run %d times; want once", quits)
	}
	if n := len(c.toGuest.data); n > maxTyped {
		t.Errorf("%d bytes wait for the guest; want at most %d", n, maxTyped)
	}
}

func TestConsoleKeys(t *testing.T) {
	var got bytes.Buffer
	taken := make(chan bool)
	guest := &feeder{do: func(_ context.Context, f func()) error { f(); return nil }, room: func() int { return 4096 },
		push: func(in machine.Input) {
			switch in.Kind {
			case machine.InputSerial:
				got.Write(in.Data)
			default:
				got.WriteString(map[machine.InputKind]string{machine.InputReset: "<reset>", machine.InputPower: "<power>", machine.InputNMI: "<nmi>"}[in.Kind])
			}
			taken <- true
		}}
	c := &console{escapes: true, guest: guest, focus: func(bool) {}, ended: func() {}}
	for _, step := range []struct{ typed, want string }{
		{"a", "a"},
		{"b\x01\x01", "ab\x01"}, // Ctrl-A twice sends one
		{"\x01z", ""},           // means nothing
		{"\x01", ""},            // cut in two
		{"n", "ab\x01<nmi>"},
		{"x", "ab\x01<nmi>x"},
		{"\x01r", "ab\x01<nmi>x<reset>"},
	} {
		done := make(chan bool)
		go func() {
			defer close(done)
			c.typed(t.Context(), []byte(step.typed))
		}()
		if step.want != "" {
			<-taken
		}
		<-done
		if step.want != "" && got.String() != step.want {
			t.Errorf("after %q was typed the guest has %q; want %q", step.typed, got.String(), step.want)
		}
	}
	c.close(t.Context())
}

// noOutput is standard output that fails.
type noOutput struct{}

func (noOutput) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (noOutput) Close() error              { return nil }

// newConsole returns a console with a monitor whose output goes to out. What has happened
// is told by the counters.
func newConsole(t *testing.T, out *sink, ended *atomic.Int32) (c *console, focus *atomic.Bool) {
	focus = &atomic.Bool{}
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	return &console{escapes: true, guest: deaf(t), out: out, focus: focus.Store, ended: func() { ended.Add(1) }, serving: &serving,
		shell: &monitor.Shell{Monitor: &monitor.Monitor{}, Do: func(_ context.Context, f func()) error { f(); return nil }}}, focus
}

// That the monitor ends does not mean that the keyboard has ended.
func TestMonitorEndsWithoutOutput(t *testing.T) {
	out := newSink("standard output", noOutput{}, func(error) {})
	var ended atomic.Int32
	c, focus := newConsole(t, out, &ended)
	out.put('x')
	<-failed(out)
	c.typed(t.Context(), []byte("\x01c"))
	<-c.over
	if focus.Load() || ended.Load() != 0 {
		t.Errorf("with standard output gone the monitor has the keyboard: %v, and it ended %d times; want neither", focus.Load(), ended.Load())
	}
	c.typed(t.Context(), []byte("help\n\x01c"))
	if n := len(c.toShell.data); n > 0 || c.operator {
		t.Errorf("%d bytes wait for a monitor that has ended, which has the keyboard: %v", n, c.operator)
	}
	c.close(t.Context())
	if ended.Load() != 1 {
		t.Errorf("the keyboard has ended %d times; want once", ended.Load())
	}
}

// What was typed to the monitor is done before the keyboard's end is told.
func TestKeyboardEndsAfterItsCommands(t *testing.T) {
	var b buffer
	out := newSink("standard output", &b, func(error) {})
	var ended atomic.Int32
	c, _ := newConsole(t, out, &ended)
	before := int32(-1)
	c.shell.Do = func(_ context.Context, f func()) error {
		before = ended.Load()
		f()
		return nil
	}
	c.read(t.Context(), strings.NewReader("\x01chelp quit\n"))
	if before != 0 || ended.Load() != 1 {
		t.Errorf("when the command is done the keyboard has ended %d times, in the end %d; want 0 and 1", before, ended.Load())
	}
	out.close()
}

// failed returns what is closed when a sink's file has failed.
func failed(s *sink) chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		for s.err == nil {
			s.changed.Wait()
		}
	}()
	return done
}

func TestQueue(t *testing.T) {
	q := newQueue()
	if n := q.put(make([]byte, maxTyped-1)); n != maxTyped-1 {
		t.Errorf("an empty queue takes %d bytes of %d", n, maxTyped-1)
	}
	if n := q.put([]byte("ab")); n != 1 {
		t.Errorf("a queue with room for one byte takes %d of 2", n)
	}
	q.Close()
	if all, err := io.ReadAll(q); err != nil || len(all) != maxTyped || all[maxTyped-1] != 'a' {
		t.Errorf("of %d bytes, the queue gives %d, error %v", maxTyped, len(all), err)
	}
}
