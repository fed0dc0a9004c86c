package alarm

import (
	"encoding/json"
	"fmt"
)

// Heartbeat says that an agent is alive, and how much room its host has. An
// agent that has sent none for its time to live is unknown, which is not fine.
type Heartbeat struct {
	HostUUID string
	PoolUUID string // "" without a pool
	Name     string // name_label of the host
	Epoch    string // of the journal, with
	Sequence int64  // which it is numbered, from 1
	Time     int64  // Unix seconds
	TTL      int64  // seconds
	Pressure *Pressure
}

// Pressure is what a host has to bear, from its newest row. Shares are 0..1.
// Nil is unknown.
type Pressure struct {
	Row int64 `json:"row"` // Unix seconds; 0: no row is recent enough, and all is unknown

	CPUUsage *float64 `json:"cpu_usage"` // share of the processors' time
	CPULoad  *float64 `json:"cpu_load"`  // runnable virtual processors for each physical one
	// CPUContention is the share of their time that VMs waited for a
	// processor: the mean over those that record it, and the worst of them.
	CPUContention    *float64 `json:"cpu_contention"`
	CPUContentionMax *float64 `json:"cpu_contention_max"`

	MemoryFree  *float64 `json:"memory_free_bytes"`
	MemoryTotal *float64 `json:"memory_total_bytes"`

	Storage []StoragePressure `json:"storage"` // by uuid

	Firing  int           `json:"firing"`  // alarms that fire, silenced ones included
	Alarms  []FiringAlarm `json:"alarms"`  // of these the first, MaxFiring at most, critical ones before warnings
	Watched int           `json:"watched"` // variables in force
}

// MaxFiring bounds the alarms that a heartbeat names.
const MaxFiring = 100

// StoragePressure is one storage repository as the host sees it.
type StoragePressure struct {
	UUID    string   `json:"uuid"`
	Name    string   `json:"name_label"`
	Latency *float64 `json:"latency_seconds"` // of a request, the mean of the newest row
	Size    *float64 `json:"size_bytes"`
	Used    *float64 `json:"used_bytes"`
}

// FiringAlarm is an alarm in a heartbeat.
type FiringAlarm struct {
	Class    string   `json:"class"`
	UUID     string   `json:"uuid"`
	Variable string   `json:"variable"`
	Severity Severity `json:"severity"`
}

// EventID names the heartbeat: <host uuid>/heartbeat/<epoch>/<n>.
func (h *Heartbeat) EventID() string {
	return fmt.Sprintf("%s/heartbeat/%s/%d", h.HostUUID, h.Epoch, h.Sequence)
}

// Route is the heartbeat's NATS subject and AMQP routing key:
// perfmon.heartbeat.v1.<host uuid>.
func (h *Heartbeat) Route() string { return "perfmon.heartbeat.v1." + token(h.HostUUID) }

type heartbeatEvent struct {
	SpecVersion     string        `json:"specversion"`
	ID              string        `json:"id"`
	Source          string        `json:"source"`
	Type            string        `json:"type"`
	Time            string        `json:"time"`
	DataContentType string        `json:"datacontenttype"`
	Data            heartbeatData `json:"data"`
}

type heartbeatData struct {
	Sequence  int64     `json:"sequence"`
	TTL       int64     `json:"ttl_s"`
	HostUUID  string    `json:"host_uuid"`
	PoolUUID  string    `json:"pool_uuid"`
	NameLabel string    `json:"name_label"`
	Pressure  *Pressure `json:"pressure"`
}

// CloudEvent is the heartbeat as structured JSON (CloudEvents 1.0).
func (h *Heartbeat) CloudEvent() ([]byte, error) {
	b, err := json.Marshal(heartbeatEvent{
		SpecVersion: "1.0", ID: h.EventID(), Source: "/perfmon/host/" + h.HostUUID, Type: "perfmon.heartbeat.v1",
		Time: rfc3339(h.Time), DataContentType: "application/json",
		Data: heartbeatData{h.Sequence, h.TTL, h.HostUUID, h.PoolUUID, h.Name, h.Pressure},
	})
	if err != nil {
		return nil, fmt.Errorf("encode heartbeat %s: %w", h.EventID(), err)
	}
	return b, nil
}
