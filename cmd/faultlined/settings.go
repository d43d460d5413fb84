package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/internal/settings"
)

// settingsFlags are the flags that beat file and environment.
type settingsFlags struct {
	home, config string
	set          settings.Settings
	lake         lakeFlags
}

func (f *settingsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.home, "home", "", "state folder; default $FAULTLINE_HOME or ./.faultline")
	flags.StringVar(&f.config, "config", "", "settings; default faultline.yaml, if it is there")
	flags.StringSliceVar(&f.set.Kafka.Brokers, "kafka", nil, "brokers that carry the chaos log; without them an embedded one")
	flags.StringVar(&f.set.Kafka.Prefix, "prefix", "", "prefix of the topics; default chaos")
	flags.StringVar(&f.set.NATS.URL, "nats", "", "NATS server; without it an embedded one")
	flags.StringVar(&f.set.Platform, "platform", "", "description of the platform; default the sandbox's")
	flags.StringVar(&f.set.Policy, "policy", "", "what experiments may touch; default the policy that is built in")
	flags.BoolVar(&f.set.NoAgent, "no-agent", false, "start no agent: those that run by themselves serve the targets")
	f.lake.add(flags)
}

// load reads file and environment and puts the flags on top.
func (f *settingsFlags) load() (settings.Settings, error) {
	s, err := settings.Load(f.config, f.home)
	if err != nil {
		return s, err
	}
	if len(f.set.Kafka.Brokers) > 0 {
		s.Kafka.Brokers = f.set.Kafka.Brokers
	}
	s.Kafka.Prefix = cmp.Or(f.set.Kafka.Prefix, s.Kafka.Prefix)
	s.NATS.URL = cmp.Or(f.set.NATS.URL, s.NATS.URL)
	s.Platform = cmp.Or(f.set.Platform, s.Platform)
	s.Policy = cmp.Or(f.set.Policy, s.Policy)
	s.NoAgent = s.NoAgent || f.set.NoAgent
	s.Lake = f.lake.over(s.Lake)
	return s, nil
}
