// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"time"
)

// operations is how often a session does each of what it times.
const operations = 15

// timings are the times of a session's operations, in ms.
type timings struct {
	trip []float64 // of a command that does nothing
	save []float64
	load []float64
	kept []float64 // loadvm of what another process saved
}

// script is what is done to an emulator while its guest boots.
type script struct {
	kept string // prefix of the names of snapshots to load first; empty for none
	save string // prefix of the names to save under
	load bool   // go back and forth between them
	quit bool   // end the emulator then; without it the guest runs to its end
	size func() (int64, error)
}

// session carries out a script over a monitor.
type session struct {
	ctx context.Context
	mon *monitor
	pid int
	timings
	growth []float64 // bytes by which size grew with each savevm
}

// drive plays a script to the emulator with process id pid. boot is the CPU time, in
// seconds, of a boot: the points of the operations are counted by the emulator's CPU
// time, which what else runs on the host disturbs least.
func (s *script) drive(ctx context.Context, socket string, pid int, boot float64) (*session, error) {
	mon, err := dialMonitor(ctx, socket)
	if err != nil {
		return nil, err
	}
	defer mon.conn.Close()
	d := &session{ctx: ctx, mon: mon, pid: pid}
	apart := boot / (operations + 3) // the last one is well before the end
	if err := d.play(s, apart); err != nil {
		return nil, err
	}
	if s.quit {
		mon.quit()
	}
	return d, nil
}

func (d *session) play(s *script, apart float64) error {
	if s.kept != "" {
		if err := d.loads(s.kept, apart, &d.kept); err != nil {
			return err
		}
		if _, err := d.do("loadvm " + s.kept + "0"); err != nil {
			return err
		}
	}
	if err := d.saves(s, apart); err != nil {
		return err
	}
	if s.load {
		return d.loads(s.save, apart, &d.load)
	}
	return nil
}

// saves saves at points of the boot.
func (d *session) saves(s *script, apart float64) error {
	for n := range operations {
		if err := d.wait(apart); err != nil {
			return err
		}
		before, err := s.bytes()
		if err != nil {
			return err
		}
		if err := d.timed(fmt.Sprint("savevm ", s.save, n), &d.save); err != nil {
			return err
		}
		after, err := s.bytes()
		if err != nil {
			return err
		}
		if s.size != nil {
			d.growth = append(d.growth, float64(after-before))
		}
	}
	return nil
}

func (s *script) bytes() (int64, error) {
	if s.size == nil {
		return 0, nil
	}
	return s.size()
}

// loads goes back and forth between what was saved, each snapshot once.
func (d *session) loads(names string, apart float64, times *[]float64) error {
	const step = 7 // prime to operations
	for n := range operations {
		// The guest runs in between, and writes to its RAM.
		if err := d.wait(apart / 10); err != nil {
			return err
		}
		if err := d.timed(fmt.Sprint("loadvm ", names, n*step%operations), times); err != nil {
			return err
		}
	}
	return nil
}

// timed times a command, and one that does nothing before it.
func (d *session) timed(command string, times *[]float64) error {
	_, trip, err := d.mon.ask("info status")
	if err != nil {
		return err
	}
	took, err := d.do(command)
	if err != nil {
		return err
	}
	d.trip = append(d.trip, ms(trip))
	*times = append(*times, ms(took))
	return nil
}

// do executes a command that says nothing unless it fails.
func (d *session) do(command string) (time.Duration, error) {
	said, took, err := d.mon.ask(command)
	if err == nil && said != "" {
		err = fmt.Errorf("%s: %s", command, said)
	}
	return took, err
}

// wait lets the emulator use some seconds of CPU time.
func (d *session) wait(seconds float64) error {
	for until := cpuSeconds(d.pid) + seconds; cpuSeconds(d.pid) < until; {
		select {
		case <-d.ctx.Done():
			return fmt.Errorf("waiting for the next point of the boot: %w", d.ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
