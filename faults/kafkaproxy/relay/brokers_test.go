package relay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestABrokersOwnPortIsTriedFirst(t *testing.T) {
	b := &brokers{ports: Ports{First: 100, Last: 103}}
	assert.Equal(t, []int{102, 103, 102, 101, 100}, b.choices(2))
	assert.Equal(t, []int{103, 102, 101, 100}, b.choices(2000), "it has none of its own")
}
