// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/machine"
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
	c.close()
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
