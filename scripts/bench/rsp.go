// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// rsp is gdb's end of a connection to an emulator's gdb server, in gdb's remote
// serial protocol (gdb manual, appendix E).
type rsp struct {
	conn net.Conn
	in   *bufio.Reader
}

// Registers of x86-64 by gdb's numbers.
const (
	rspRSP = 0x7
	rspRIP = 0x10
)

// dialRSP connects to a socket as soon as it is there.
func dialRSP(ctx context.Context, socket string) (*rsp, error) {
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
			r := &rsp{conn, bufio.NewReader(conn)}
			// QEMU gives single registers only to who has asked for their description.
			for _, packet := range []string{"?", "qXfer:features:read:target.xml:0,ff"} {
				if _, _, err := r.ask(packet); err != nil {
					return nil, err
				}
			}
			return r, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ask sends a packet and returns its answer, and the time in between.
func (r *rsp) ask(packet string) (string, time.Duration, error) {
	begun := time.Now()
	if err := r.send(packet); err != nil {
		return "", 0, fmt.Errorf("sending %q to the gdb server: %w", packet, err)
	}
	answer, err := r.receive()
	for err == nil && answer != "OK" && strings.HasPrefix(answer, "O") { // text for the user
		answer, err = r.receive()
	}
	if err != nil {
		return "", 0, fmt.Errorf("waiting for the gdb server's answer to %q: %w", packet, err)
	}
	return answer, time.Since(begun), nil
}

// do is ask for a packet that must be answered with OK or, if it resumes, a stop.
func (r *rsp) do(packet string) (time.Duration, error) {
	answer, took, err := r.ask(packet)
	if err == nil && answer != "OK" && !strings.HasPrefix(answer, "T") && !strings.HasPrefix(answer, "S") {
		err = fmt.Errorf("the gdb server's answer to %q: %q", packet, answer)
	}
	return took, err
}

func (r *rsp) send(packet string) error {
	sum := byte(0)
	for i := range len(packet) {
		sum += packet[i]
	}
	_, err := fmt.Fprintf(r.conn, "$%s#%02x", packet, sum)
	return err
}

// receive reads a packet and acknowledges it. Run-length encoding is undone.
func (r *rsp) receive() (string, error) {
	if _, err := r.in.ReadString('$'); err != nil {
		return "", err
	}
	body, err := r.in.ReadString('#')
	if err != nil {
		return "", err
	}
	if _, err := r.in.Discard(2); err != nil {
		return "", err
	}
	if _, err := r.conn.Write([]byte("+")); err != nil {
		return "", err
	}
	var out strings.Builder
	body = strings.TrimSuffix(body, "#")
	for i := 0; i < len(body); i++ {
		if body[i] == '*' && i > 0 && i+1 < len(body) {
			out.WriteString(strings.Repeat(body[i-1:i], int(body[i+1])-29))
			i++
			continue
		}
		out.WriteByte(body[i])
	}
	return out.String(), nil
}

// drain drops the stops that an emulator reports without having been asked.
func (r *rsp) drain() {
	for {
		r.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := r.receive()
		r.conn.SetReadDeadline(time.Time{})
		if err != nil {
			return
		}
	}
}

func (r *rsp) register(n int) (uint64, error) {
	answer, _, err := r.ask(fmt.Sprintf("p%x", n))
	if err != nil {
		return 0, err
	}
	return little(answer)
}

func (r *rsp) quad(addr uint64) (uint64, error) {
	answer, _, err := r.ask(fmt.Sprintf("m%x,8", addr))
	if err != nil {
		return 0, err
	}
	return little(answer)
}

// little reads 8 bytes in hex, the least significant first.
func little(s string) (uint64, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8 {
		return 0, fmt.Errorf("the gdb server answered %q, want 8 bytes", s)
	}
	return binary.LittleEndian.Uint64(b), nil
}
