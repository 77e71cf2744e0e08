// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/vmrr/vmrr/timeline"
)

// Attributer is a Session that knows which instruction did something: a replay.
type Attributer interface {
	WhoWrote(ctx context.Context, addr uint64, size int, physical bool) (timeline.Write, error)
}

// writtenBytes is how many bytes who-wrote looks at if it is not told.
const writtenBytes = 8

// whoWrote is who-wrote.
func (c *call) whoWrote() error {
	a, ok := c.Session.(Attributer)
	if !ok {
		return ErrNoReplay
	}
	words := c.args
	physical := words[0] == "-p"
	if physical {
		words = words[1:]
	}
	if len(words) < 1 || len(words) > 2 {
		return c.usage()
	}
	addr, err := c.evaluate(words[0])
	if err != nil {
		return err
	}
	size := writtenBytes
	if len(words) == 2 {
		n, err := strconv.ParseUint(words[1], 0, 64)
		if err != nil || n < 1 || n > timeline.MaxWritten {
			return userErrorf("who-wrote: %q is no size: want 1 to %d bytes", words[1], timeline.MaxWritten)
		}
		size = int(n)
	}
	err = c.journey(func(ctx context.Context) error {
		w, err := a.WhoWrote(ctx, addr, size, physical)
		if err == nil {
			who := fmt.Sprintf("pc %#x", w.PC)
			if w.By != "" {
				who = "written by " + w.By
			}
			c.printf("%v, %s\nold value: %s\nnew value: %s\n", w.At, who, value(w.Old), value(w.New))
		}
		return err
	})
	var none *timeline.NotFoundError
	if errors.As(err, &none) && !physical {
		return fmt.Errorf("%w through this linear address; who-wrote -p%s looks at the physical memory, whatever address it was written through",
			err, c.physical(addr, size))
	}
	return err
}

// physical returns the physical address of memory, as a word with a blank before it; none if
// it is not mapped, or may be in two pieces.
func (c *call) physical(addr uint64, size int) string {
	const page = 4096
	pa, ok := c.Session.Machine().Engine.Translate(addr)
	if !ok || addr%page+uint64(size) > page {
		return ""
	}
	return fmt.Sprintf(" %#x", pa)
}

// value writes memory as a number if it has the size of one, and as bytes if not.
func value(p []byte) string {
	switch len(p) {
	case 0:
		return "not mapped"
	case 1, 2, 4, 8:
		p = slices.Clone(p)
		slices.Reverse(p) // it is little-endian
		return fmt.Sprintf("0x%x", p)
	}
	return fmt.Sprintf("% x", p)
}
