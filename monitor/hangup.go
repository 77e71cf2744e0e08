// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"io"
)

// HungUp reports whether nobody is left at the other end of a connection, after
// reading from it has failed with an error. A peer that has merely sent all that it
// will may still want its answers; a connection that can tell (HungUp) is waited for,
// until ctx is cancelled.
func HungUp(ctx context.Context, conn io.Reader, failed error) bool {
	if !errors.Is(failed, io.EOF) {
		return true
	}
	c, ok := conn.(interface{ HungUp(context.Context) bool })
	return ok && c.HungUp(ctx)
}
