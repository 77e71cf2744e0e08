// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// prompt ends every answer of QEMU's monitor and of vmrr's.
var prompt = []byte("(qemu) ")

// monitor is a connection to the monitor of an emulator that runs.
type monitor struct{ conn net.Conn }

// dialMonitor connects to a socket as soon as it is there. The connection fails
// when ctx is over.
func dialMonitor(ctx context.Context, socket string) (*monitor, error) {
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
			m := &monitor{conn}
			_, err = m.answer() // the greeting
			return m, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ask sends a command and returns its answer, and the time from sending it to the
// next prompt.
func (m *monitor) ask(command string) (string, time.Duration, error) {
	begun := time.Now()
	if _, err := fmt.Fprintln(m.conn, command); err != nil {
		return "", 0, fmt.Errorf("sending %q to the monitor: %w", command, err)
	}
	all, err := m.answer()
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", command, err)
	}
	return withoutEcho(all), time.Since(begun), nil
}

// answer reads up to the next prompt.
func (m *monitor) answer() ([]byte, error) {
	var all []byte
	buf := make([]byte, 4096)
	for !bytes.HasSuffix(all, prompt) {
		n, err := m.conn.Read(buf)
		if err != nil {
			return nil, fmt.Errorf("waiting for the monitor's prompt: %w", err)
		}
		all = append(all, buf[:n]...)
	}
	return bytes.TrimSuffix(all, prompt), nil
}

// withoutEcho cuts off the line that was typed: it is what comes before the first
// end of a line, redrawn for each of its characters.
func withoutEcho(all []byte) string {
	_, text, _ := strings.Cut(string(all), "\n")
	return strings.TrimSpace(text)
}

// quit ends the emulator.
func (m *monitor) quit() {
	fmt.Fprintln(m.conn, "quit")
	io.Copy(io.Discard, m.conn) // until it has gone: a command of one who hangs up can be lost
	m.conn.Close()
}
