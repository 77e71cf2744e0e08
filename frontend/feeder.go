// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"io"
	"time"

	"github.com/vmrr/vmrr/machine"
)

const (
	// chunk is how many bytes of serial input are handed over at a time.
	chunk = 512
	// again is how long a feeder waits before it asks once more for room.
	again = 10 * time.Millisecond
)

// feeder hands what comes from outside to one of the guest's serial ports, not
// faster than the guest takes it.
type feeder struct {
	unit uint8
	push func(machine.Input)
	do   func(context.Context, func()) error // Service.Do
	room func() int                          // as Service.Room
	left int                                 // bytes that may be handed over without asking
}

// feed hands over at most chunk bytes, as soon as there is room for them. If ctx is
// cancelled first, or the machine is gone, they are lost.
func (f *feeder) feed(ctx context.Context, data []byte) {
	for f.left < len(data) {
		// Not all that there may be: a snapshot that is loaded may have less.
		if f.do(ctx, func() { f.left = min(f.room(), 2*chunk) }) != nil {
			return
		}
		if f.left >= len(data) {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
	f.left -= len(data)
	f.push(machine.Input{Kind: machine.InputSerial, Unit: f.unit, Data: data})
}

// feedAll hands over what is read from in, until it ends or ctx is cancelled.
func (f *feeder) feedAll(ctx context.Context, in io.Reader) {
	buf := make([]byte, chunk)
	for ctx.Err() == nil {
		n, err := in.Read(buf)
		if n > 0 {
			f.feed(ctx, buf[:n])
		}
		if err != nil {
			return
		}
	}
}
