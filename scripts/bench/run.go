// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The marks on the console between which the ratios are taken.
const (
	firstLine = "Linux version"
	lastLine  = "GUEST-END"
)

// cost is what a stretch of a run took, in seconds.
type cost struct {
	wall float64
	cpu  float64 // user and system time of the process, 0.01 s fine
}

// result is one run.
type result struct {
	err     error
	total   cost   // from the start of the process to the last mark
	kernel  cost   // from the first mark to the last
	process cost   // from the start of the process to its end
	icount  uint64 // instructions the guest retired in all, 0 if not known
	trips   []trip
	timings
	sizes
}

// process is one emulator to be run.
type process struct {
	args []string
	// atEnd, if not nil, is called once the guest has printed the last mark,
	// while the process is still there.
	atEnd func(ctx context.Context) error
	// beside, if not nil, is called on a goroutine of its own as soon as the
	// process runs. Its ctx is over when the process is.
	beside func(ctx context.Context, pid int) error
	// quits is that beside ends the process before the guest comes to its end.
	quits bool
}

// measure runs a process until it ends.
func (p *process) measure(ctx context.Context, timeout time.Duration) (r result) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// A console whose input neither brings anything nor ends.
	if _, err := cmd.StdinPipe(); err != nil {
		return result{err: err}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return result{err: err}
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return result{err: err}
	}
	besideDone := p.startBeside(ctx, cmd)
	now := func() cost { return cost{time.Since(start).Seconds(), cpuSeconds(cmd.Process.Pid)} }
	var first, last *cost
	scan(out, func(line []byte) {
		switch {
		case first == nil && bytes.Contains(line, []byte(firstLine)):
			c := now()
			first = &c
		case last == nil && bytes.Contains(line, []byte(lastLine)):
			c := now()
			last = &c
			if p.atEnd != nil {
				r.err = p.atEnd(ctx)
			}
		}
	})
	waited := cmd.Wait()
	r.process = cost{time.Since(start).Seconds(), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	beside := besideDone()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.err = fmt.Errorf("it did not end within %v", timeout)
	case beside != nil:
		r.err = fmt.Errorf("%w: %s", beside, strings.TrimSpace(stderr.String()))
	case waited != nil:
		r.err = fmt.Errorf("%w: %s", waited, strings.TrimSpace(stderr.String()))
	case !p.quits && (first == nil || last == nil):
		r.err = fmt.Errorf("the guest did not print both %q and %q", firstLine, lastLine)
	}
	if r.err == nil && !p.quits {
		r.total = *last
		r.kernel = cost{last.wall - first.wall, last.cpu - first.cpu}
	}
	return r
}

// startBeside starts beside. The function that it returns is called when the
// process is over, and returns what beside did. A process whose beside fails is
// killed: it may be waiting for it.
func (p *process) startBeside(ctx context.Context, cmd *exec.Cmd) (done func() error) {
	if p.beside == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		err := p.beside(ctx, cmd.Process.Pid)
		if err != nil {
			cmd.Process.Kill()
		}
		failed <- err
	}()
	return func() error {
		cancel()
		return <-failed
	}
}

// scan calls f with each line once its end has come.
func scan(r io.Reader, f func(line []byte)) {
	var line []byte
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		for _, b := range buf[:n] {
			line = append(line, b)
			if b == '\n' {
				f(line)
				line = line[:0]
			}
		}
		if err != nil {
			return
		}
	}
}

// cpuSeconds returns the user and system time of a running process, proc(5).
func cpuSeconds(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	const ticksPerSecond = 100 // USER_HZ
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond
}
