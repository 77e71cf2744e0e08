// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"context"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// look is how often a connection is looked at for whether its peer is there.
const look = 100 * time.Millisecond

// HungUp is for a connection whose peer sends no more. It returns true as soon as it is
// known that the peer does not read either, and false if ctx is cancelled first. Of a
// Unix socket that is known at once; of TCP only when the peer's kernel answers with
// a reset, at the latest to a keep-alive probe some time after it has forgotten the
// connection.
func (c *impatient) HungUp(ctx context.Context) bool { return hungUp(ctx, c.Conn) }

func hungUp(ctx context.Context, conn net.Conn) bool {
	sys, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for gone := false; ; {
		err := raw.Control(func(fd uintptr) {
			fds := []unix.PollFd{{Fd: int32(fd)}} // these two events need no asking for
			unix.Poll(fds, 0)
			gone = fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
		})
		if gone || err != nil { // or it was closed on this side
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}
