package frame

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Keys of APIs that are looked at.
const (
	Produce            = 0
	Fetch              = 1
	Metadata           = 3
	controlledShutdown = 7
	FindCoordinator    = 10
	SASLHandshake      = 17
	APIVersions        = 18
	describeQuorum     = 55
	describeCluster    = 60
	shareFetch         = 78
	shareAcknowledge   = 79
)

// APIs knows which APIs and versions are let through: those that kmsg knows,
// without those that only brokers and controllers use among themselves. Their
// frames carry addresses that no client asks for. NewAPIs makes it.
type APIs struct{ of [kmsg.MaxKey + 1]api }

type api struct {
	max      int16 // -1: not let through
	flexible int16 // the first flexible version
}

// NewAPIs asks kmsg what it knows.
func NewAPIs() *APIs {
	a := new(APIs)
	for key := range a.of {
		a.of[key] = describe(int16(key))
	}
	return a
}

func describe(key int16) api {
	r := kmsg.RequestForKey(key)
	if r == nil || internal(key) {
		return api{max: -1}
	}
	d := api{max: r.MaxVersion(), flexible: r.MaxVersion() + 1}
	if key == describeQuorum {
		d.max = 1 // from version 2 on it tells the addresses of controllers, which are not behind the proxy
	}
	for v := r.MaxVersion(); v >= 0; v-- {
		if r.SetVersion(v); !r.IsFlexible() {
			break
		}
		d.flexible = v
	}
	return d
}

// internal says that an API is spoken among brokers and controllers only.
func internal(key int16) bool {
	return slices.Contains([]kmsg.Key{
		kmsg.LeaderAndISR, kmsg.StopReplica, kmsg.UpdateMetadata, kmsg.ControlledShutdown, kmsg.Vote, kmsg.BeginQuorumEpoch,
		kmsg.EndQuorumEpoch, kmsg.AlterPartition, kmsg.Envelope, kmsg.FetchSnapshot, kmsg.BrokerRegistration, kmsg.BrokerHeartbeat,
		kmsg.AllocateProducerIDs, kmsg.ControllerRegistration, kmsg.AssignReplicasToDirs, kmsg.UpdateRaftVoter,
	}, kmsg.Key(key))
}

// Max is the newest version of an API that is let through; ok is false where
// none is.
func (a *APIs) Max(key int16) (version int16, ok bool) {
	if key < 0 || int(key) >= len(a.of) || a.of[key].max < 0 {
		return 0, false
	}
	return a.of[key].max, true
}

// Check refuses what is not let through.
func (a *APIs) Check(h Header) error {
	newest, ok := a.Max(h.Key)
	switch {
	case !ok:
		return fmt.Errorf("API key %d, version %d is none that the proxy lets through", h.Key, h.Version)
	case h.Version < 0 || h.Version > newest:
		return fmt.Errorf("%s version %d: the proxy lets through up to %d", kmsg.NameForKey(h.Key), h.Version, newest)
	}
	return nil
}

// Flexible says whether a version of an API has tags in its header and its
// body. It is for versions that Check accepts.
func (a *APIs) Flexible(key, version int16) bool { return version >= a.of[key].flexible }

// RequestHeader says how long the header of a request is with its tags. size
// is what ReadHeader told.
func (a *APIs) RequestHeader(h Header, b []byte, size int) (int, error) {
	if !a.Flexible(h.Key, h.Version) {
		return size, nil
	}
	n, err := tags(b[size:])
	if err != nil {
		return 0, fmt.Errorf("reading the tags of a request header: %w", err)
	}
	return size + n, nil
}

// ResponseHeader says how long the header of the response in b is.
func (a *APIs) ResponseHeader(h Header, b []byte) (int, error) {
	if len(b) < 4 {
		return 0, fmt.Errorf("reading a response header: %w", ErrShort)
	}
	// What reads the response to ApiVersions does not know yet whether the
	// broker writes tags.
	if h.Key == APIVersions || !a.Flexible(h.Key, h.Version) {
		return 4, nil
	}
	n, err := tags(b[4:])
	if err != nil {
		return 0, fmt.Errorf("reading the tags of a response header: %w", err)
	}
	return 4 + n, nil
}
