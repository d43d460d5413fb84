package kube

import (
	"errors"
	"fmt"
	"net/http"
)

// What a caller tells apart. Each says what to do next.
var (
	// ErrNotFound says that the cluster has no such thing.
	ErrNotFound = errors.New("the cluster does not know it; see kubectl get for what there is")
	// ErrConflict says that the thing is another one by now, or is there already.
	ErrConflict = errors.New("it was changed or replaced meanwhile; look at it again")
	// ErrForbidden says that the account is not known, or may not do that.
	ErrForbidden = errors.New("the account may not do that; give it the role of deploy/agent-daemonset.yaml, or renew its token or certificate")
	// ErrUnreachable says that no answer came.
	ErrUnreachable = errors.New("it cannot be reached; see that the cluster's address is one that this machine reaches")
)

// Error is a refusal of the cluster, in its own words. It is ErrNotFound,
// ErrConflict or ErrForbidden where its status says so.
type Error struct {
	Status  int
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("the cluster says %d: %s", e.Status, e.Message)
	if is := e.sentinel(); is != nil {
		text += ": " + is.Error()
	}
	return text
}

// Is implements the interface of errors.Is.
func (e *Error) Is(target error) bool {
	is := e.sentinel()
	return is != nil && target == is
}

func (e *Error) sentinel() error {
	switch e.Status {
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusForbidden, http.StatusUnauthorized:
		return ErrForbidden
	}
	return nil
}
