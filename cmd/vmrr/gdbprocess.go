// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/frontend/terminal"
)

// ownGDB is a gdb that is started to debug a replay. It has the terminal until it
// ends.
type ownGDB struct {
	path    string   // of the program
	args    []string // what the user gives it
	vmlinux string   // the kernel with its debug information; empty: none
	dir     string   // for what it reads, and the socket

	cmd       *exec.Cmd
	ended     chan struct{} // closed when it has ended
	status    error         // how
	signalled bool          // a signal to us came before its end
}

// findGDB returns the gdb to start: the one named, or the one there is.
func findGDB(named string) (string, error) {
	from := "--gdb-command"
	if named == "" {
		named, from = os.Getenv("VMRR_GDB"), "VMRR_GDB"
	}
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("starting gdb, as %s says: %w", from, err)
		}
		return path, nil
	}
	for _, name := range []string{"gdb", "gdb-multiarch"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no gdb: install gdb or gdb-multiarch, or name one by --gdb-command or VMRR_GDB")
}

// socket is where gdb connects.
func (g *ownGDB) socket() string { return filepath.Join(g.dir, "gdb") }

// script is what gdb executes first.
func (g *ownGDB) script() string { return filepath.Join(g.dir, "start.gdb") }

// listen opens the socket.
func (g *ownGDB) listen(ctx context.Context) (net.Listener, error) {
	ln, err := chardev.Listen(ctx, "unix", g.socket())
	if err != nil {
		return nil, fmt.Errorf("waiting for gdb in a directory of its own (TMPDIR says where): %w", err)
	}
	return ln, nil
}

// start starts gdb, which has the terminal from now on: what is typed there to
// interrupt it is not for us, and our messages wait. It reaches us too, and then
// interrupt is called: gdb itself says nothing while it waits for a monitor command.
// ended is called when it has ended. A signal to us ends ctx.
func (g *ownGDB) start(ctx context.Context, interrupt, ended func()) error {
	g.cmd = exec.Command(g.path, append([]string{"-q", "-x", g.script()}, g.args...)...)
	g.cmd.Stdin, g.cmd.Stdout, g.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// What is ignored would be ignored by gdb too; what we catch is not.
	caught, passed, typed := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGQUIT, syscall.SIGPIPE)
	if !signal.Ignored(os.Interrupt) {
		signal.Notify(typed, os.Interrupt)
	}
	signal.Notify(passed, syscall.SIGTERM, syscall.SIGHUP)
	handedOver.Store(true)
	release := terminal.Hold()
	found, _ := term.GetState(int(os.Stdin.Fd())) // nil if it is no terminal
	giveBack := func() {
		release()
		handedOver.Store(false)
		signal.Stop(passed)
		signal.Stop(typed)
		signal.Stop(caught)
	}
	if err := g.cmd.Start(); err != nil {
		giveBack()
		return fmt.Errorf("starting gdb: %w", err)
	}
	g.ended = make(chan struct{})
	go func() {
		for {
			select {
			case s := <-passed:
				g.cmd.Process.Signal(s) // it may be gone
			case <-typed:
				interrupt()
			case <-g.ended:
				return
			}
		}
	}()
	go func() {
		g.status = g.cmd.Wait()
		g.signalled = ctx.Err() != nil
		if found != nil && g.cmd.ProcessState.ExitCode() < 0 {
			term.Restore(int(os.Stdin.Fd()), found) // a signal has ended it
		}
		giveBack()
		close(g.ended)
		ended()
	}()
	return nil
}

// patienceWithGDB is how long gdb may take to end when a signal ends us.
const patienceWithGDB = 5 * time.Second

// wait waits until gdb has ended. A signal to us, which ctx tells, has been passed on
// to it, and the error is errInterrupted. Else it has gdb's exit code, of which the user
// need not be told; what comes when gdb has gone changes nothing.
func (g *ownGDB) wait(ctx context.Context) error {
	select {
	case <-g.ended:
	case <-ctx.Done():
		select {
		case <-g.ended:
		case <-time.After(patienceWithGDB):
			g.cmd.Process.Kill()
			<-g.ended
		}
	}
	if g.signalled {
		return errInterrupted
	}
	if g.status == nil {
		return nil
	}
	code := g.cmd.ProcessState.ExitCode()
	if s, ok := g.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		code = 128 + int(s.Signal()) // as a shell has it
	}
	return terminal.Said(&gdbExit{code})
}

// close removes what was made for gdb.
func (g *ownGDB) close() { os.RemoveAll(g.dir) }

// gdbExit ends vmrr with the exit code of gdb.
type gdbExit struct{ code int }

func (e *gdbExit) Error() string { return fmt.Sprintf("gdb ended with exit code %d", e.code) }
