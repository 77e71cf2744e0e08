// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// The ways to go back that are timed.
const (
	opSeek   = "seek to a random instruction"
	opFirst  = "reverse-stepi, the first at a new place"
	opStep   = "reverse-stepi, repeated"
	opFinish = "reverse-finish"
	opBreak  = "reverse-continue to a breakpoint"
	opWatch  = "reverse-continue to a write"
	opFar    = "reverse-continue to a hit farther back"
	opWhole  = "reverse-continue over all, no hit"
	opReplay = "continue over all"
)

// trip is one operation, as a debugger sees it: from its packet to the answer.
type trip struct {
	op       string
	took     float64 // ms
	from, to uint64  // instruction counts
	forward  float64 // ms to run forward over the same instructions; 0: not tried
}

// distance returns how many instructions it went.
func (t trip) distance() uint64 { return max(t.from, t.to) - min(t.from, t.to) }

// tour is what is done to a replay.
type tour struct {
	places int // where the debugger goes
	seeks  int // beside that, anywhere
	fars   int // hits far back that it looks for
	steps  int // back, at a place
	whole  bool
	// again are trips back; over the same it only runs forward.
	again []trip
	// The kernel and its programs run in these instructions of the recording.
	from, to uint64
	// settles is that a jump goes on after the monitor has answered.
	settles bool
}

// back is how many instructions before it breaks and watches look for something.
const back = 240_000

// tourist carries out a tour.
type tourist struct {
	tour
	ctx    context.Context
	mon    *monitor
	gdb    *rsp
	random *rand.Rand
	trips  []trip
}

// drive goes on a tour through a replay with a monitor and a gdb server at sockets. With
// an error it returns what was done before.
func (t tour) drive(ctx context.Context, monitorSocket, gdbSocket string) ([]trip, error) {
	mon, err := dialMonitor(ctx, monitorSocket)
	if err != nil {
		return nil, err
	}
	defer mon.conn.Close()
	gdb, err := dialRSP(ctx, gdbSocket)
	if err != nil {
		return nil, err
	}
	d := &tourist{tour: t, ctx: ctx, mon: mon, gdb: gdb, random: rand.New(rand.NewPCG(1, 1))}
	if err := d.play(); err != nil {
		return d.trips, err
	}
	mon.quit()
	return d.trips, nil
}

func (d *tourist) play() error {
	for _, t := range d.again {
		if err := d.forward(t); err != nil {
			return err
		}
	}
	for range d.seeks {
		if err := d.seek(d.random.Uint64N(d.to), opSeek); err != nil {
			return err
		}
	}
	for range d.fars {
		if err := d.far(); err != nil {
			return err
		}
	}
	for range d.places {
		n := d.from + d.random.Uint64N(d.to-back-d.from)
		for _, visit := range []func(uint64) error{d.step, d.finish, d.breakpoint, d.watchpoint} {
			if err := visit(n); err != nil {
				return err
			}
		}
	}
	if d.whole {
		return d.overAll()
	}
	return nil
}

// seek goes to an instruction, which counts as op unless that is empty.
func (d *tourist) seek(n uint64, op string) error {
	begun := time.Now()
	if said, _, err := d.mon.ask(fmt.Sprint("replay_seek ", n)); err != nil || said != "" {
		return fmt.Errorf("going to instruction %d: %q, %w", n, said, err)
	}
	for d.settles {
		status, _, err := d.mon.ask("info status")
		if err != nil {
			return err
		}
		if at, err := d.count(); err != nil || strings.Contains(status, "paused") && at == n {
			d.gdb.drain()
			break
		}
		time.Sleep(time.Millisecond)
	}
	if op != "" {
		d.trips = append(d.trips, trip{op: op, took: ms(time.Since(begun))})
	}
	return nil
}

// count returns where the machine is.
func (d *tourist) count() (uint64, error) {
	said, _, err := d.mon.ask("info replay")
	if err != nil {
		return 0, err
	}
	found := qemuCount.FindStringSubmatch(said)
	if found == nil {
		return 0, fmt.Errorf("info replay tells no instruction count: %q", said)
	}
	return strconv.ParseUint(found[1], 10, 64)
}

// resume times a packet that resumes the machine, and how far it goes.
func (d *tourist) resume(op, packet string) error {
	from, err := d.count()
	if err != nil {
		return err
	}
	took, err := d.gdb.do(packet)
	if err != nil {
		return err
	}
	to, err := d.count()
	if err != nil {
		return err
	}
	d.trips = append(d.trips, trip{op: op, took: ms(took), from: from, to: to})
	return nil
}

func (d *tourist) step(n uint64) error {
	if err := d.seek(n, ""); err != nil {
		return err
	}
	op := opFirst
	for range d.steps {
		if err := d.resume(op, "bs"); err != nil {
			return err
		}
		op = opStep
	}
	return nil
}

// maxSteps bounds the steps to the next call.
const maxSteps = 2_000

// finish goes into the next function that is called, and back to the call as gdb does:
// to a breakpoint at its start, and one step more.
func (d *tourist) finish(n uint64) error {
	if err := d.seek(n, ""); err != nil {
		return err
	}
	for range maxSteps {
		before, err := d.gdb.register(rspRSP)
		if err != nil {
			return err
		}
		pc, err := d.gdb.register(rspRIP)
		if err != nil {
			return err
		}
		if _, err := d.gdb.do("s"); err != nil {
			return err
		}
		sp, err := d.gdb.register(rspRSP)
		if err != nil {
			return err
		}
		if sp != before-8 {
			continue
		}
		if to, err := d.gdb.quad(sp); err == nil && to > pc && to-pc <= 7 { // a return address
			return d.finishHere()
		}
	}
	return nil // a loop: there is nothing to be timed
}

func (d *tourist) finishHere() error {
	start, err := d.gdb.register(rspRIP)
	if err != nil {
		return err
	}
	for range 3 { // into the function
		if _, err := d.gdb.do("s"); err != nil {
			return err
		}
	}
	begun := time.Now()
	for _, packet := range []string{fmt.Sprintf("Z0,%x,1", start), "bc", fmt.Sprintf("z0,%x,1", start), "bs"} {
		if _, err := d.gdb.do(packet); err != nil {
			return err
		}
	}
	d.trips = append(d.trips, trip{op: opFinish, took: ms(time.Since(begun))})
	return nil
}

// breakpoint runs back to where the PC was the same last.
func (d *tourist) breakpoint(n uint64) error {
	if err := d.seek(n, ""); err != nil {
		return err
	}
	pc, err := d.gdb.register(rspRIP)
	if err != nil {
		return err
	}
	return d.backTo(n+back, fmt.Sprintf("0,%x,1", pc), opBreak)
}

// watchpoint runs back to where the top of the stack was changed last, which may be
// long before.
func (d *tourist) watchpoint(n uint64) error {
	if err := d.seek(n, ""); err != nil {
		return err
	}
	sp, err := d.gdb.register(rspRSP)
	if err != nil {
		return err
	}
	return d.backTo(n+back, fmt.Sprintf("2,%x,8", sp&^7), opWatch)
}

// backTo runs back from an instruction to a hit.
func (d *tourist) backTo(n uint64, point, op string) error {
	if err := d.seek(n, ""); err != nil {
		return err
	}
	if _, err := d.gdb.do("Z" + point); err != nil {
		return err
	}
	if err := d.resume(op, "bc"); err != nil {
		return err
	}
	if _, err := d.gdb.do("z" + point); err != nil {
		return err
	}
	if t := &d.trips[len(d.trips)-1]; t.distance() > back {
		t.op = opFar
	}
	return nil
}

// forward runs forward to where a trip set out from.
func (d *tourist) forward(t trip) error {
	if err := d.seek(t.to, ""); err != nil {
		return err
	}
	if said, _, err := d.mon.ask(fmt.Sprint("replay_break ", t.from)); err != nil || said != "" {
		return fmt.Errorf("a mark at instruction %d: %q, %w", t.from, said, err)
	}
	took, err := d.gdb.do("c")
	if err != nil {
		return err
	}
	if at, err := d.count(); err != nil || at != t.from {
		return fmt.Errorf("running forward to instruction %d ended at %d: %w", t.from, at, err)
	}
	t.forward = ms(took)
	d.trips = append(d.trips, t)
	_, _, err = d.mon.ask("replay_delete_break")
	return err
}

// far runs back to what was executed a million to two billion instructions before, and may
// have been since.
func (d *tourist) far() error {
	distance := uint64(1e6 * math.Pow(2000, d.random.Float64()))
	n := distance + d.random.Uint64N(d.to-distance)
	if err := d.seek(n-distance, ""); err != nil {
		return err
	}
	pc, err := d.gdb.register(rspRIP)
	if err != nil {
		return err
	}
	return d.backTo(n, fmt.Sprintf("0,%x,1", pc), opBreak)
}

// overAll replays everything, and searches it for what is never executed.
func (d *tourist) overAll() error {
	if err := d.seek(0, ""); err != nil {
		return err
	}
	if err := d.resume(opReplay, "c"); err != nil {
		return err
	}
	if _, err := d.gdb.do("Z0,dead0000,1"); err != nil {
		return err
	}
	return d.resume(opWhole, "bc")
}
