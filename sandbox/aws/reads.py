"""The private names of other packages that the sandbox reads, calls or sets, but does not replace.

patches.py lists the others; ``tests/sandbox/test_patches.py`` reports each name that is gone.
"""

from sandbox.aws.names import Name
from sandbox.aws.stepfunctions.names import ASL, ERROR_EQUALS, EXECUTION, HISTORY, MAP, WORKER

PARSING = "moto.cloudformation.parsing"

READ = (
    Name("botocore.loaders:Loader", "_cache", "sdk.py shares it between sessions"),
    Name("botocore.hooks:EventAliaser", "_alias_name_cache", "sdk.py shares it between sessions"),
    Name("moto.core.responses:BaseResponse", "_get_action", "enforcement.py reads the operation of a request"),
    Name("moto.core.responses:BaseResponse", "_get_param", "replaced operations read their parameters"),
    Name("moto.core.responses:BaseResponse", "_get_int_param", "sts.py reads the duration of a session"),
    Name("moto.moto_api._internal", "mock_random", "rekognition/project.py makes revision ids with it"),
    Name("moto.sqs.models:Queue", "_messages", "sqs.py reads the messages; world.py removes them"),
    Name("moto.sqs.models:Queue", "_set_attributes", "resource_types.py sets the policy of a queue"),
    Name(f"{PARSING}:ResourceMap", "_resource_json_map", "cloudformation.py reads what the deletion of a stack keeps"),
    Name(f"{PARSING}:ResourceMap", "_parsed_resources", "cloudformation.py finds the managed policies of a stack"),
    Name(f"{PARSING}:ResourceMap", "_account_id", "cloudformation.py deletes the managed policies of a stack"),
    Name(ERROR_EQUALS, "_STATE_ALL_ERROR", "asl.py and interpreter.py recognize States.ALL"),
    Name(ERROR_EQUALS, "_STATE_TASK_ERROR", "asl.py uses it as an error that States.ALL matches"),
    Name(f"{ASL}.state.exec.execute_state:ExecutionState", "_from_error", "asl.py reports a missing path"),
    Name(HISTORY, "_history_event_list", "interpreter.py passes the last event on; executions.py copies it"),
    Name(HISTORY, "_event_id_gen", "executions.py copies it with the history"),
    Name(
        f"{MAP}.iteration.itemprocessor.map_run_record:MapRunRecordPoolManager",
        "_pool",
        "a redrive continues a map run",
    ),
    Name(WORKER, "_evaluation_details", "executions.py reads the definition; a redrive reuses it"),
    Name(WORKER, "_execution_communication", "executions.py ends an execution through it"),
    Name(WORKER, "_execution_logic", "clock.py runs it in a thread; a redrive overrides it"),
    Name(WORKER, "_get_evaluation_entrypoint", "a redrive starts at the failed state"),
    Name(WORKER, "_get_evaluation_environment", "a redrive continues the history"),
    Name(f"{EXECUTION}:Execution", "_get_start_execution_worker_comm", "a redrive makes a new worker"),
)
