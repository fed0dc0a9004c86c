package rubber

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/scaling/rubber/plan"
)

// Metrics is what a Controller counts and measures, as a prometheus.Collector.
// Counters begin at zero with the process; gauges are of the last turn.
type Metrics struct {
	c *Controller

	started, wanted, drains, resumes, rests, deletes, gone, lost *prometheus.CounterVec
	orphans, adopted, slackers, faults, parked, woken, overdue   *prometheus.CounterVec
	orders, errors                                               *prometheus.CounterVec
	jumps, leases                                                prometheus.Counter
	boot, drain, wait                                            *prometheus.HistogramVec
	planSeconds                                                  prometheus.Histogram

	descs map[string]*prometheus.Desc
}

// Buckets in seconds: of boots and drains, of waits, and of plans.
var (
	lifeBuckets = []float64{1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600}
	waitBuckets = []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800}
	planBuckets = []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1}
)

// gauges of the last turn: name, help, labels.
var gauges = []struct {
	name, help string
	labels     []string
}{
	{"rubber_active", "1 if this instance holds the lease and acts; 0 if it stands by or plans only.", nil},
	{"rubber_paused", "1 while scaling is paused.", nil},
	{"rubber_cap_machines", "Machines that may be there at once, of all profiles.", nil},
	{"rubber_last_turn_timestamp_seconds", "When the last turn was, in Unix time; 0 before the first.", nil},
	{"rubber_store_up", "1 if the store could be written when it was last tried.", nil},
	{"rubber_demand_known", "1 if what the profile's queue holds is known.", []string{"profile"}},
	{"rubber_demand_tasks", "Tasks of the profile's queue by state: ready (nobody has it) or running (a worker has it). Absent while it is not known.", []string{"profile", "state"}},
	{"rubber_oldest_task_seconds", "Age of the task that has waited longest; absent while it is not known.", []string{"profile"}},
	{"rubber_arrivals_per_second", "Tasks that came a second, over a quarter of an hour; absent while it is not known.", []string{"profile"}},
	{"rubber_wanted_machines", "Machines that the last plan wants to be able to take work.", []string{"profile"}},
	{"rubber_limit_machines", "Machines that the profile may have now, by cap, shares and schedule.", []string{"profile"}},
	{"rubber_machines", "Machines by state.", []string{"profile", "state"}},
	{"rubber_slots", "Tasks that the profile's machines can run at once.", []string{"profile"}},
	{"rubber_busy_tasks", "Tasks that the profile's machines say they have.", []string{"profile"}},
	{"rubber_static_slots", "Slots of workers that no cloud owns.", []string{"profile"}},
	{"rubber_blocked", "1 while no machine of the profile can be had (quota, errors, a cloud that is away).", []string{"profile"}},
	{"rubber_overdue_machines", "Machines that have been in their state for too long.", []string{"profile"}},
	{"rubber_boot_p95_seconds", "Seconds from a request to the first heartbeat, of which one in twenty takes longer; absent until one was measured.", []string{"profile"}},
	{"rubber_cloud_up", "1 if the last list of the cloud was complete.", []string{"cloud"}},
	{"rubber_broker_up", "1 if all queues of the broker were seen last, and all its workers are known.", []string{"broker"}},
	{"rubber_rival", "1 while another rubber of the same owner, with another store, has made machines in the cloud.", []string{"cloud"}},
	{"rubber_aside", "1 while this instance does nothing in the cloud, because the other rubber's store is older.", []string{"cloud"}},
	{"rubber_strange_machines", "Machines that bear our mark and have no record.", nil},
	{"rubber_unread_records", "Records that cannot be read; their machines are left alone.", nil},
}

func newMetrics(c *Controller) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"profile"})
	}
	m := &Metrics{
		c:        c,
		wanted:   counter("rubber_wanted_total", "Machines that plans wanted: a record was written.", "profile"),
		started:  counter("rubber_starts_total", "Requests for a machine that a cloud has taken.", "profile"),
		drains:   counter("rubber_drains_total", "Machines that were let go.", "profile"),
		resumes:  counter("rubber_resumes_total", "Machines that take work again after they had been let go, or rested.", "profile"),
		rests:    counter("rubber_rests_total", "Machines that were told to take no more work, and stay.", "profile"),
		deletes:  counter("rubber_deletes_total", "Machines whose deletion was begun.", "profile"),
		gone:     counter("rubber_gone_total", "Machines that are no more, as wanted.", "profile"),
		lost:     counter("rubber_lost_total", "Machines that are no more although nobody here asked for that.", "profile"),
		orphans:  counter("rubber_orphans_total", "Machines of ours without a record that were let go.", "profile"),
		adopted:  counter("rubber_adopted_total", "Machines without a record, or of the ancestor, that have one now.", "profile"),
		slackers: counter("rubber_slackers_total", "Machines that did no work, by reason: slow (they build for too long), silent (they run, and no worker was ever heard), unnamed (the same, and a worker of another name may be theirs: they are left alone).", "profile", "reason"),
		faults:   counter("rubber_faults_total", "Machines that a cloud refused, or took and then gave up, by kind of error.", "profile", "kind"),
		parked:   counter("rubber_parked_total", "Machines that were parked.", "profile"),
		woken:    counter("rubber_woken_total", "Parked machines that were started again.", "profile"),
		overdue:  counter("rubber_overdue_total", "Times that a drain or a deletion was said to take too long.", "profile"),
		orders:   counter("rubber_orders_total", "Requests to clouds and words to workers.", "op"),
		errors:   counter("rubber_errors_total", "Requests that failed, by who was asked, what for, and kind of error.", "source", "op", "kind"),
		jumps: prometheus.NewCounter(prometheus.CounterOpts{Name: "rubber_clock_jumps_total",
			Help: "Times that the wall clock was changed by more than 5 s at once."}),
		leases: prometheus.NewCounter(prometheus.CounterOpts{Name: "rubber_leases_total",
			Help: "Times that this instance became the active one."}),
		boot:  histogram("rubber_boot_seconds", "Seconds from a request for a machine to the first heartbeat of its worker.", lifeBuckets),
		drain: histogram("rubber_drain_seconds", "Seconds from when a machine was let go until it was empty.", lifeBuckets),
		wait:  histogram("rubber_wait_seconds", "Age of the task that had waited longest, at each turn at which it was known.", waitBuckets),
		planSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "rubber_plan_seconds",
			Help: "Seconds that one plan took to make.", Buckets: planBuckets}),
		descs: map[string]*prometheus.Desc{},
	}
	for _, g := range gauges {
		m.descs[g.name] = prometheus.NewDesc(g.name, g.help, g.labels, nil)
	}
	return m
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.wanted, m.started, m.drains, m.resumes, m.rests, m.deletes, m.gone, m.lost, m.orphans, m.adopted, m.slackers,
		m.faults, m.parked, m.woken, m.overdue, m.orders, m.errors, m.jumps, m.leases, m.boot, m.drain, m.wait, m.planSeconds}
}

// Describe is part of prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.collectors() {
		c.Describe(ch)
	}
	for _, d := range m.descs {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.collectors() {
		c.Collect(ch)
	}
	s := m.c.Status()
	gauge := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(m.descs[name], prometheus.GaugeValue, v, labels...)
	}
	gauge("rubber_active", number(s.Role == Active))
	gauge("rubber_paused", number(s.Paused))
	gauge("rubber_cap_machines", float64(s.Cap))
	at := 0.0
	if s.Turns > 0 {
		at = float64(s.At.UnixMilli()) / 1000
	}
	gauge("rubber_last_turn_timestamp_seconds", at)
	gauge("rubber_store_up", number(s.Store == ""))
	gauge("rubber_strange_machines", float64(len(s.Strange)))
	gauge("rubber_unread_records", float64(len(s.Unread)))
	overdue := map[string]int{}
	for i := range s.Machines {
		if s.Machines[i].Overdue {
			overdue[s.Machines[i].Profile]++
		}
	}
	for i := range s.Profiles {
		m.collectProfile(&s.Profiles[i], overdue, gauge)
	}
	for _, c := range s.Clouds {
		gauge("rubber_cloud_up", number(c.OK), c.Name)
		i := slices.IndexFunc(s.Rivals, func(r RivalStatus) bool { return r.Cloud == c.Name })
		gauge("rubber_rival", number(i >= 0), c.Name)
		gauge("rubber_aside", number(i >= 0 && s.Rivals[i].Aside), c.Name)
	}
	for _, b := range s.Brokers {
		gauge("rubber_broker_up", number(b.OK), b.Name)
	}
}

func (m *Metrics) collectProfile(p *ProfileStatus, overdue map[string]int, gauge func(string, float64, ...string)) {
	gauge("rubber_demand_known", number(p.DemandKnown), p.Name)
	if p.DemandKnown {
		gauge("rubber_demand_tasks", float64(p.Waits), p.Name, "ready")
		gauge("rubber_demand_tasks", float64(p.Running), p.Name, "running")
		if p.Oldest > 0 || p.Waits == 0 {
			gauge("rubber_oldest_task_seconds", p.Oldest.Seconds(), p.Name)
		}
	}
	if p.Arrivals >= 0 {
		gauge("rubber_arrivals_per_second", p.Arrivals, p.Name)
	}
	gauge("rubber_wanted_machines", float64(p.Target.Want), p.Name)
	gauge("rubber_limit_machines", float64(p.Target.Limit), p.Name)
	for _, state := range []plan.State{plan.Requested, plan.Building, plan.Booting, plan.Ready, plan.Resting, plan.Draining, plan.Deleting, plan.Warm} {
		gauge("rubber_machines", float64(p.States[state]), p.Name, string(state))
	}
	gauge("rubber_slots", float64(p.Slots), p.Name)
	gauge("rubber_busy_tasks", float64(p.Busy), p.Name)
	gauge("rubber_static_slots", float64(p.StaticSlots), p.Name)
	gauge("rubber_blocked", number(p.Blocked != ""), p.Name)
	gauge("rubber_overdue_machines", float64(overdue[p.Name]), p.Name)
	if p.BootCount > 0 {
		gauge("rubber_boot_p95_seconds", p.BootP95.Seconds(), p.Name)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// failed counts an error.
func (m *Metrics) failed(source, op, kind string) { m.errors.WithLabelValues(source, op, kind).Inc() }

// event counts what happened to a machine.
func (m *Metrics) event(u *unit, n note) {
	p := u.Profile
	count := map[event]*prometheus.CounterVec{
		evWanted: m.wanted, evCreated: m.started, evDrain: m.drains, evResume: m.resumes, evRest: m.rests, evDelete: m.deletes, evGone: m.gone, evLost: m.lost,
		evOrphan: m.orphans, evAdopted: m.adopted, evParked: m.parked, evWoken: m.woken, evOverdue: m.overdue,
	}
	if c := count[n.event]; c != nil {
		c.WithLabelValues(p).Inc()
	}
	switch n.event {
	case evSlow:
		m.slackers.WithLabelValues(p, "slow").Inc()
	case evUnnamed:
		m.slackers.WithLabelValues(p, "unnamed").Inc()
	case evSlacker:
		m.slackers.WithLabelValues(p, "silent").Inc()
		m.deletes.WithLabelValues(p).Inc()
	case evFault, evRefused:
		kind := "transient"
		if u.Trouble != nil {
			kind = u.Trouble.Kind
		}
		m.faults.WithLabelValues(p, kind).Inc()
	case evReady:
		if n.took > 0 {
			m.boot.WithLabelValues(p).Observe(n.took.Seconds())
		}
	case evEmpty:
		m.drain.WithLabelValues(p).Observe(n.took.Seconds())
	}
}
