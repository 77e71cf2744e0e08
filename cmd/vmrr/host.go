// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	chacha "math/rand/v2"
	"strings"
	"sync"
	"time"
)

// rtcLayout is how QEMU writes the time in -rtc base=; a date alone will do.
const rtcLayout = "2006-01-02T15:04:05"

// hostClock returns the host's clock as -rtc wants the guest to see it at power-on:
// as it is, or beginning at a given time when it is first asked.
func hostClock(rtc string) (func() time.Time, error) {
	key, value, _ := strings.Cut(rtc, "=")
	if key != "base" {
		return nil, usagef("-rtc %s: want base=utc or base=%s", rtc, rtcLayout)
	}
	if value == "utc" {
		return time.Now, nil
	}
	base, err := time.Parse(rtcLayout, value)
	if err != nil {
		base, err = time.Parse(time.DateOnly, value)
	}
	if err != nil {
		return nil, usagef("-rtc base=%s: want utc or a time as %s", value, rtcLayout)
	}
	start := sync.OnceValue(time.Now)
	return func() time.Time {
		begun := start()
		return base.Add(time.Since(begun))
	}, nil
}

// hostEntropy returns the source of what the guest gets as entropy: the host's,
// or, with a seed, a stream that is the same for the same seed.
func hostEntropy(seed string) io.Reader {
	if seed == "" {
		return rand.Reader
	}
	return chacha.NewChaCha8(sha256.Sum256([]byte(seed)))
}
