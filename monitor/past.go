// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// Searcher is a Session that goes to where something happened, next or last: a replay.
type Searcher interface {
	ToConsole(ctx context.Context, text string, back bool) error
	ToEvent(ctx context.Context, kind string, back bool) (replay.Record, error)
	ToMark(ctx context.Context) error
}

// Visitor is a Session that knows where it has been.
type Visitor interface {
	Back(ctx context.Context, n int) error
	Forward(ctx context.Context, n int) error
}

// Bookmarker is a Session that has checkpoints.
type Bookmarker interface {
	Checkpoint(note string) (timeline.Checkpoint, error)
	Checkpoints() []timeline.Checkpoint
	Restart(ctx context.Context, number int) error
	DeleteCheckpoint(number int) error
}

var (
	_ Searcher   = (*timeline.Timeline)(nil)
	_ Visitor    = (*timeline.Timeline)(nil)
	_ Bookmarker = (*timeline.Timeline)(nil)
	_ Attributer = (*timeline.Timeline)(nil)
)

// journey is stay for commands.
func (c *call) journey(f func(context.Context) error) error {
	err := c.stay(c.ctx, f)
	c.moved = err == nil
	return err
}

// when says where the machine is.
func (c *call) when() error {
	m := c.Session.Machine()
	at := m.Moment()
	c.printf("icount %d, sub %d, virtual time %s s\n", at.ICount, at.Sub, seconds(m.Clock.Now()))
	return nil
}

// elapsedTime is rr's elapsed-time, in the guest's time.
func (c *call) elapsedTime() error {
	c.printf("Elapsed Time (s): %s\n", seconds(c.Session.Machine().Clock.Now()))
	return nil
}

// seconds writes ns as s.
func seconds(ns uint64) string {
	digits := strconv.FormatUint(ns, 10)
	if len(digits) < 10 {
		digits = strings.Repeat("0", 10-len(digits)) + digits
	}
	return digits[:len(digits)-9] + "." + digits[len(digits)-9:]
}

func (c *call) seekTicks() error {
	n, err := timeline.ParseCount(c.args[0])
	if err != nil {
		return c.noCount(c.args[0])
	}
	return c.seek(n)
}

// goTo is goto.
func (c *call) goTo() error {
	s, ok := c.Session.(Seeker)
	if !ok {
		return ErrNoReplay
	}
	word, rest := cutWord(c.text)
	back := false
	for word == "-r" || word == "--back" {
		back = true
		word, rest = cutWord(rest)
	}
	switch {
	case word == "--console":
		return c.goToConsole(rest, back)
	case word == "--event":
		return c.goToEvent(rest, back)
	case word == "" || rest != "" || back || strings.HasPrefix(word, "-"):
		return c.usage()
	case word == "mark":
		return c.goToMark()
	}
	if n, ok := c.instant(s, word); ok {
		return c.seek(n)
	}
	return c.goToName(word)
}

// cutWord takes the first word off a text.
func cutWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}

// goToConsole goes to a text, which may be in quotes, with C's escapes.
func (c *call) goToConsole(text string, back bool) error {
	s, ok := c.Session.(Searcher)
	if !ok {
		return ErrNoReplay
	}
	if strings.HasPrefix(text, `"`) {
		var err error
		if text, err = strconv.Unquote(text); err != nil {
			return userErrorf("goto: the text in quotes does not end, or has an escape that is none")
		}
	}
	if text == "" {
		return c.usage()
	}
	return c.journey(func(ctx context.Context) error { return s.ToConsole(ctx, text, back) })
}

func (c *call) goToEvent(kind string, back bool) error {
	s, ok := c.Session.(Searcher)
	if !ok {
		return ErrNoReplay
	}
	if kind == "" {
		return c.usage()
	}
	return c.journey(func(ctx context.Context) error {
		r, err := s.ToEvent(ctx, kind, back)
		if err == nil {
			c.printf("%v: %s\n", r.At, r.Summary())
		}
		return err
	})
}

func (c *call) goToMark() error {
	s, ok := c.Session.(Searcher)
	if !ok {
		return ErrNoReplay
	}
	return c.journey(s.ToMark)
}

// goToName goes to the checkpoint with a note, the latest of several, or to a snapshot.
func (c *call) goToName(name string) error {
	if b, ok := c.Session.(Bookmarker); ok {
		list := b.Checkpoints()
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Note == name {
				return c.journey(func(ctx context.Context) error { return b.Restart(ctx, list[i].Number) })
			}
		}
	}
	l, ok := c.Session.(Loader)
	if !ok || c.named(name) == nil {
		return userErrorf("goto: %q is no instruction count, and no checkpoint or snapshot has this name", name)
	}
	return c.journey(func(ctx context.Context) error { return l.LoadSnapshot(ctx, name) })
}

func (c *call) back() error {
	v, ok := c.Session.(Visitor)
	if !ok {
		return ErrNoReplay
	}
	return c.visit(v.Back)
}

func (c *call) forward() error {
	v, ok := c.Session.(Visitor)
	if !ok {
		return ErrNoReplay
	}
	return c.visit(v.Forward)
}

// visit goes as many positions as the command says, or 1.
func (c *call) visit(journey func(context.Context, int) error) error {
	n := 1
	if len(c.args) > 0 {
		var err error
		if n, err = strconv.Atoi(c.args[0]); err != nil || n < 1 {
			return userErrorf("%s: %q is no number of positions: want 1 or more", c.name, c.args[0])
		}
	}
	return c.journey(func(ctx context.Context) error { return journey(ctx, n) })
}

func (c *call) checkpoint() error {
	b, ok := c.Session.(Bookmarker)
	if !ok {
		return ErrNoReplay
	}
	p, err := b.Checkpoint(strings.Join(c.args, " "))
	if err == nil {
		c.printf("Checkpoint %d at %v, pc %#x\n", p.Number, p.At, p.PC)
	}
	return err
}

func (c *call) restart() error {
	b, ok := c.Session.(Bookmarker)
	if !ok {
		return ErrNoReplay
	}
	n, err := c.number(c.args[0])
	if err != nil {
		return err
	}
	return c.journey(func(ctx context.Context) error { return b.Restart(ctx, n) })
}

// deleteCheckpoint is delete-checkpoint N and gdb's delete checkpoint N.
func (c *call) deleteCheckpoint() error {
	if c.name == "delete" && c.args[0] != "checkpoint" {
		return c.usage()
	}
	b, ok := c.Session.(Bookmarker)
	if !ok {
		return ErrNoReplay
	}
	n, err := c.number(c.args[len(c.args)-1])
	if err != nil {
		return err
	}
	return b.DeleteCheckpoint(n)
}

// number reads a checkpoint's number.
func (c *call) number(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0, userErrorf("%s: %q is no checkpoint number", c.name, word)
	}
	return n, nil
}

func (c *call) infoCheckpoints() error {
	b, ok := c.Session.(Bookmarker)
	if !ok {
		return ErrNoReplay
	}
	list := b.Checkpoints()
	if len(list) == 0 {
		c.printf("No checkpoints.\n")
		return nil
	}
	row := func(id, at, clock, pc, note string) {
		c.printf("%s\n", strings.TrimRight(fmt.Sprintf("%-4s %-16s %-15s %-18s %s", id, at, clock, pc, note), " "))
	}
	row("ID", "ICOUNT", "VM CLOCK", "PC", "NOTE")
	for _, p := range list {
		at := strings.TrimPrefix(p.At.String(), "icount ")
		row(strconv.Itoa(p.Number), at, clock(p.Now), fmt.Sprintf("%#x", p.PC), p.Note)
	}
	return nil
}
