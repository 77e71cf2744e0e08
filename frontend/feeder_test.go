// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// A guest that reads slowly gets everything, and never more than it has room for.
func TestFeederKeepsToTheRoom(t *testing.T) {
	const size = 600 // more than chunk
	var got []byte
	waiting := 0 // bytes that the guest has not read
	f := &feeder{room: func() int { return size - waiting },
		do: func(_ context.Context, job func()) error {
			job()
			waiting = max(waiting-100, 0) // the guest reads between two jobs
			return nil
		},
		push: func(in machine.Input) {
			got = append(got, in.Data...)
			if waiting += len(in.Data); waiting > size {
				t.Errorf("the guest has %d bytes to read; want at most %d", waiting, size)
			}
		}}
	want := bytes.Repeat([]byte("0123456789"), size)
	f.feedAll(t.Context(), bytes.NewReader(want))
	if !bytes.Equal(got, want) {
		t.Errorf("the guest gets %d bytes of %d; want all, in their order", len(got), len(want))
	}
}

// A machine that is gone loses what comes, at once.
func TestFeederWithoutAMachine(t *testing.T) {
	f := &feeder{do: func(context.Context, func()) error { return errors.New("the machine is gone") },
		push: func(machine.Input) { t.Error("a machine that is gone is given input") }}
	f.feedAll(t.Context(), bytes.NewReader(make([]byte, 10*chunk)))
}
