import { type Kysely, sql } from 'kysely'

/**
 * The whole schema of the first release. `text` with a check where the specification gives no `varchar` length; no foreign
 * key on what the telemetry writer inserts, so that history outlives the devices and sockets it is about.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

const CODE_CHECK = "check (code ~ '^[a-z0-9][a-z0-9-]{0,31}$')"
const ROW_COLUMNS = `
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()`
const BROKER_COLUMNS = `
  mqtt_broker_host varchar(255),
  mqtt_broker_port integer not null default 1883 check (mqtt_broker_port between 1 and 65535),
  mqtt_credentials jsonb not null default '{}',
  mqtt_config jsonb not null default '{}'`
const MEASUREMENT_COLUMNS = `
  voltage double precision,
  current double precision,
  active_power double precision,
  apparent_power double precision,
  reactive_power double precision,
  power_factor double precision,
  frequency double precision,
  energy double precision,
  temperature double precision,
  relay_on boolean,
  phases jsonb,
  extra jsonb`

const STATEMENTS = [
  `create table organizations (
    id uuid primary key,
    code text not null unique ${CODE_CHECK},
    name text not null,
    ${ROW_COLUMNS}
  )`,
  `create table departments (
    id uuid primary key,
    organization_id uuid not null references organizations,
    code text not null ${CODE_CHECK},
    name text not null,
    ${ROW_COLUMNS},
    unique (organization_id, code),
    unique (organization_id, id)
  )`,
  // A PDU's department belongs to the PDU's organization: the composite key makes the database say so.
  `create table power_distribution_units (
    id uuid primary key,
    organization_id uuid not null references organizations,
    department_id uuid,
    code text not null ${CODE_CHECK},
    name text not null,
    location jsonb not null default '{}',
    specifications jsonb not null default '{}',
    timezone text not null default 'UTC',
    mqtt_base_topic varchar(255),
    ${BROKER_COLUMNS},
    ${ROW_COLUMNS},
    foreign key (organization_id, department_id) references departments (organization_id, id)
  )`,
  // Unique in its parent: the department, or the organization for a PDU without one.
  `create unique index power_distribution_units_code on power_distribution_units
    (organization_id, department_id, code) nulls not distinct`,
  `create index power_distribution_units_department on power_distribution_units (department_id)`,
  `create table devices (
    id uuid primary key,
    organization_id uuid not null references organizations,
    name text not null,
    serial_number text,
    asset_tag text,
    device_type text,
    manufacturer text,
    model text,
    ${ROW_COLUMNS}
  )`,
  `create index devices_organization on devices (organization_id, id)`,
  `create unique index devices_asset_tag on devices (organization_id, asset_tag) where asset_tag is not null`,
  `create table sockets (
    id uuid primary key,
    pdu_id uuid not null references power_distribution_units,
    socket_number integer not null check (socket_number >= 0),
    name text,
    mqtt_topic_suffix text,
    ${BROKER_COLUMNS},
    payload_config jsonb,
    device_id uuid unique references devices,
    assigned_at timestamptz,
    assigned_by text,
    is_enabled boolean not null default true,
    ${ROW_COLUMNS},
    unique (pdu_id, socket_number),
    check ((device_id is null) = (assigned_at is null))
  )`,
  `create table socket_assignments (
    id uuid primary key,
    socket_id uuid not null,
    device_id uuid not null,
    assigned_at timestamptz not null,
    assigned_by text,
    unassigned_at timestamptz,
    unassigned_by text
  )`,
  `create index socket_assignments_device on socket_assignments (device_id, assigned_at)`,
  `create index socket_assignments_socket on socket_assignments (socket_id, assigned_at)`,
  `create unique index socket_assignments_open on socket_assignments (socket_id) where unassigned_at is null`,

  // A parent without a default partition: adding tomorrow's partition then never scans or locks rows. The writer makes
  // partitions ahead, and on demand for what comes out of JetStream late.
  `create table device_data_logs (
    timestamp timestamptz not null,
    id uuid not null,
    measured_at timestamptz not null,
    device_id uuid,
    socket_id uuid not null,
    data_json jsonb not null,
    ${MEASUREMENT_COLUMNS},
    quality text[],
    measured_at_source text not null,
    decoder text not null,
    qos smallint not null,
    retained boolean not null default false,
    primary key (timestamp, id)
  ) partition by range (timestamp)`,
  `create index device_data_logs_device on device_data_logs (device_id, timestamp desc, id desc) where device_id is not null`,
  `create index device_data_logs_socket on device_data_logs (socket_id, timestamp desc, id desc)`,
  `create table device_current_state (
    device_id uuid primary key,
    socket_id uuid not null,
    ${MEASUREMENT_COLUMNS},
    measured_at timestamptz not null,
    last_seen_at timestamptz not null,
    updated_at timestamptz not null default now()
  ) with (fillfactor = 70)`,
  `create table socket_connection_events (
    id uuid primary key,
    at timestamptz not null,
    socket_id uuid not null,
    gateway text,
    status text not null,
    previous text,
    reason text,
    detail jsonb not null
  )`,
  `create index socket_connection_events_socket on socket_connection_events (socket_id, at desc)`,

  `create table outbox (
    id uuid primary key,
    entity text not null,
    action text not null,
    entity_id uuid not null,
    entity_version integer not null,
    pdu_id uuid,
    resource jsonb,
    created_at timestamptz not null default now()
  )`,
  `create table audit_log (
    id uuid primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    entity text not null,
    entity_id uuid not null,
    version integer,
    before jsonb,
    after jsonb,
    request_id text
  )`,
  `create index audit_log_entity on audit_log (entity, entity_id, at)`,
  `create table api_keys (
    id uuid primary key,
    name text not null,
    key_hash bytea not null unique,
    prefix text not null,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    organization_id uuid references organizations,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
]
