"""MQTT to Postgres as a careful script does it: decode, collect 500, insert, commit. Nothing survives its crash."""
import json
import queue
import sys
import uuid
from datetime import datetime, timezone

import paho.mqtt.client as mqtt
import psycopg2
import psycopg2.extras

BATCH = 500
WAIT_SECONDS = 0.02

with open(sys.argv[1]) as file:
    options = json.load(file)
places = options["places"]
messages = queue.SimpleQueue()


def row(message):
    reading = json.loads(message.payload)
    place = places[message.topic]
    return (
        datetime.now(timezone.utc), str(uuid.uuid4()), reading["timestamp"], place["device"], place["socket"],
        message.payload.decode(), reading["voltage"], reading["current"], reading["power"], reading["power_factor"],
        reading["frequency"], reading["energy"], reading["socket_state"],
        json.dumps({"machine_state": reading["machine_state"]}), "device", "python", 1, False,
    )


def next_batch():
    batch = [messages.get()]
    while len(batch) < BATCH:
        try:
            batch.append(messages.get(timeout=WAIT_SECONDS))
        except queue.Empty:
            break
    return batch


client = mqtt.Client(client_id="python-peer", clean_session=True, protocol=mqtt.MQTTv311)
client.on_message = lambda _client, _data, message: messages.put(message)
client.on_connect = lambda *_: client.subscribe(options["topic"], qos=1)
client.on_subscribe = lambda *_: print("subscribed", flush=True)
client.connect(options["broker"]["host"], options["broker"]["port"])
client.loop_start()

connection = psycopg2.connect(options["databaseUrl"])
with connection.cursor() as cursor:
    while True:
        psycopg2.extras.execute_values(cursor, options["statement"], [row(m) for m in next_batch()], page_size=BATCH)
        connection.commit()
