package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
	"gocloud.dev/gcerrors"
)

// Errors of reads fall into two kinds that call for different answers, and
// into those that neither is sure of, which stay as they are.
var (
	// ErrCorrupt is in the error of a read that reached the store and found that a
	// file which the catalog or a snapshot names is not there, or makes no sense.
	ErrCorrupt = errors.New("corruption")
	// ErrUnreachable is in the error of a read that catalog or store did not
	// answer, or answered that it cannot now. It says nothing about the files.
	ErrUnreachable = errors.New("unreachable")
)

// diagnose tells damage from absence. What speaks for a connection counts
// first: a file that could not be fetched is not a bad one.
func diagnose(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrCorrupt), errors.Is(err, ErrUnreachable), errors.Is(err, context.Canceled):
		return err
	case unreachable(err):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	case corrupt(err):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

func unreachable(err error) bool {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, sign := range []error{context.DeadlineExceeded, os.ErrDeadlineExceeded, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	if answered, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int // as the S3 client's errors have it
	}](err); ok {
		code := answered.HTTPStatusCode()
		return code >= http.StatusInternalServerError || code == http.StatusTooManyRequests || code == http.StatusForbidden || code == 0
	}
	return errors.Is(err, rest.ErrServiceUnavailable) || errors.Is(err, rest.ErrUnauthorized) || errors.Is(err, rest.ErrForbidden) || busy(err)
}

func corrupt(err error) bool {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return true
	}
	return gone(err) || errors.Is(err, table.ErrInvalidMetadata) || errors.Is(err, table.ErrInvalidMetadataFormatVersion)
}

// gone is the answer of a store that it has no such file.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || gcerrors.Code(err) == gcerrors.NotFound
}
