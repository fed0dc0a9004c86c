#!/usr/bin/env python
# coding:utf-8
"""
Configuration of the elasticity daemon.
"""
import os
from os import environ

# The database of the service, of which rubber needs nothing.
DATABASES = {'Users': {'filename': '/opt/users.db', "schema": 'static/schema.sql'}}
SECURITY = {
    'BYPASS_SECURITY': True,
}
MY_SERVER_NAME = os.environ['HOST_NAME']

CELERY = {
    'BROKER_URL': u'amqp://bob:p%40ss@rabbit.example:5673//',
    'CELERY_RESULT_BACKEND': 'amqp://',
    'CELERY_TASK_RESULT_EXPIRES': 7200,
}

BROKER_ADMIN_PORT = 15672
BROKER_ADMIN_UNAME = 'monitor'
BROKER_ADMIN_PASS = os.environ.get('BROKER_ADMIN_PASS', "guest")
FLOWER_API_URL = 'http://{0}:5555/api'.format(os.environ['FLOWER_HOST'])

RUBBER_BACKORDER_THRESHOLD = 0
RUBBER_MAX_VM_QTY = int(os.getenv("MAX_VM", "6"))
RUBBER_EVAL_INTERVAL = 2
RUBBER_MIN_IDLE_WORKERS = 1
RUBBER_SLACKER_TIME_THRESHOLD = 300
RUBBER_MAX_STORAGE = 1000
RUBBER_MAX_RAM = 100 * 1024
RUBBER_COLOUR = 'black'

OPS_CONFIG = {'name': 'CRIM',
              'cloud_type': 'openstack',
              'networks': ['internal', 'external'],
              "security_group": ["default"],
              "username": "operator",
              "password": environ['OS_PASSWORD'],
              "tenant_name": "ogc" '-' "testbed",
              "auth_url": "http://keystone.example:5000/v2.0/",
              "key_name": 'deploy',
              'vm_slots': 6,
              'hypervisor': 'xen',
              }

_BASE = '''#cloud-config
runcmd:
  - start-worker --queue "{QUEUE_NAME}" \\
      --broker "$AMQP_HOST" --home ${HOME} '{{"a": 1}}'
'''

WORKER_SERVICES = {
    # The first.
    'ogc_wps_0': {
        'celery_queue_name': 'ogc_wps_0',
        'process_name': 'wps',
        'rubber_params': {'spawn_ratio': 1},
        'os_args': {
            'vm_image': {'CRIM': 'docker-worker', 'OTHER': "x"},
            'instance_type': {'CRIM': 'm1.large'},
            'vm_user': 'ubuntu',
            'vm_networkassoc': 'internal',
            'pre_customization': ["second part\n", _BASE],
            'customization': [('a=1\n', '/etc/worker.conf', 0640), ("dropped", 'relative')],
            'extra_userdata': ['start.sh : x-shellscript'],
        },
    },
    'Transcoding Service': dict(
        celery_queue_name="transcoder",
        rubber_params={},
        os_args={'image': 'worker', 'instance_type': 'm1.small', 'vm_mem': 2048, 'vm_cores': 2},
    ),
    'matching': {'os_args': {}},
}
WORKER_SERVICES['late'] = {'celery_queue_name': 'late' + os.sep, 'rubber_params': {}}

if os.environ.get('DEBUG'):
    RUBBER_MAX_VM_QTY = 1
    LOGGING = True

for name in WORKER_SERVICES:
    WORKER_SERVICES[name]['os_args']['key_name'] = name
