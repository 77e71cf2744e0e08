// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"context"
	"time"

	"github.com/vmrr/vmrr/machine"
)

// chunk is how many bytes of serial input are handed over at a time.
const chunk = 512

// feeder hands what comes from outside to one of the guest's serial ports, not
// faster than the guest takes it.
type feeder struct {
	unit uint8
	push func(machine.Input)
	do   func(context.Context, func()) error // Service.Do
	room func() int                          // how many bytes the port takes; asked on the machine's thread
	sent int                                 // since it was asked
}

// full reports whether the port may lose what comes next. A machine that is gone
// loses everything, and is not waited for.
func (f *feeder) full() bool {
	room := 2 * chunk
	f.do(context.Background(), func() { room = f.room() })
	return room < 2*chunk
}

// feed hands over at most chunk bytes.
func (f *feeder) feed(ctx context.Context, data []byte) {
	if f.sent += len(data); f.sent > 2*chunk {
		for f.full() && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		f.sent = len(data)
	}
	f.push(machine.Input{Kind: machine.InputSerial, Unit: f.unit, Data: data})
}
