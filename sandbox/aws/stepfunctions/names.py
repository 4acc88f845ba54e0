"""The names of moto's Step Functions that the sandbox replaces: a part of the table in patches.py."""

from sandbox.aws.names import Name

ASL = "moto.stepfunctions.parser.asl.component"
BACKEND = "moto.stepfunctions.parser.backend"
CATCHER = f"{ASL}.common.catch.catcher_decl:CatcherDecl"
COMPARISON = f"{ASL}.state.choice.comparison.comparison_variable:ComparisonVariable"
ERROR_EQUALS = f"{ASL}.common.error_name.error_equals_decl:ErrorEqualsDecl"
EXECUTION = f"{BACKEND}.execution"
HISTORY = "moto.stepfunctions.parser.asl.eval.event.event_manager:EventManager"
LAMBDA_CALLS = f"{ASL}.state.exec.state_task.lambda_eval_utils"
LAMBDA_TASK = f"{ASL}.state.exec.state_task.state_task_lambda:StateTaskLambda"
MAP = f"{ASL}.state.exec.state_map"
MAP_RECORD = f"{MAP}.iteration.itemprocessor.map_run_record"
MAP_RUN = f"{MAP}.iteration.distributed_iteration_component:DistributedIterationComponent"
NESTED = f"{ASL}.state.exec.state_task.service.state_task_service_sfn:StateTaskServiceSfn"
STEP_FUNCTIONS = "moto.stepfunctions.parser.models"
STEP_FUNCTIONS_API = "moto.stepfunctions.responses:StepFunctionResponse"
WORKER = f"{BACKEND}.execution_worker:ExecutionWorker"


REPLACED: dict[str, tuple[Name, ...]] = {
    "interpreter": (
        Name(ERROR_EQUALS, "_eval_body", "excludes from States.ALL the two errors that it does not match on AWS"),
        Name(f"{STEP_FUNCTIONS}:StepFunctionsParserBackend", "_validate_definition", "finds states that do not exist"),
        Name(
            f"{STEP_FUNCTIONS}:StepFunctionsParserBackend",
            "start_execution",
            "makes up a name, refuses names and inputs",
        ),
        Name("moto.stepfunctions.models:StateMachine", "create_from_cloudformation_json", "fills in substitutions"),
        Name("moto.stepfunctions.models:StateMachine", "update_from_cloudformation_json", "fills in substitutions"),
        Name("moto.stepfunctions.models", "stepfunctions_backends", "makes CloudFormation use the interpreter"),
        Name("moto.stepfunctions.parser.asl.parse.asl_parser:AmazonStateLanguageParser", "parse", "parses only once"),
        Name("moto.stepfunctions.parser.asl.utils.json_path", "parse", "parses each path only once"),
        Name(f"{ASL}.common.path.result_path", "parse", "parses each path only once"),
        Name("moto.stepfunctions.parser.asl.eval.states", "copy", "copies the state ten times as fast"),
        Name("moto.stepfunctions.parser.asl.eval.event.event_manager", "copy", "copies a history ten times as fast"),
        Name(HISTORY, "_publish_history_event", "passes each event of a history to the listeners"),
        Name(LAMBDA_CALLS, "_invoke_lambda_function", "invokes the sandbox's functions"),
    ),
    "asl": (
        Name(f"{ASL}.state.exec.execute_state", "Thread", "runs a task in the execution's thread, a fifth faster"),
        Name(CATCHER, "_eval_body", "decides by a setting whether States.ALL catches States.DataLimitExceeded"),
        Name(COMPARISON, "_eval_body", "fails on null and on missing paths in Choice states"),
        Name(LAMBDA_TASK, "_eval_execution", "notes when the task times out"),
        Name(LAMBDA_TASK, "_from_error", "reports missing paths and Lambda's own errors as AWS does"),
        Name(LAMBDA_CALLS, "execute_lambda_function_integration", "times tasks out on the clock"),
    ),
    "executions": (
        Name(WORKER, "start", "times executions out by the definition's TimeoutSeconds"),
        Name(f"{EXECUTION}:BaseExecutionWorkerCommunication", "terminated", "tells those who wait for the end"),
        Name(STEP_FUNCTIONS_API, "describe_execution", "adds what AWS returns about redrives"),
        Name(STEP_FUNCTIONS_API, "describe_state_machine_for_execution", "describes it as the execution found it"),
        Name(STEP_FUNCTIONS_API, "stop_execution", "stops an execution at once"),
    ),
    "nested": (
        Name(NESTED, "_eval_service_task", "starts the nested execution"),
        Name(NESTED, "_eval_integration_pattern", "waits for the end of the nested execution on the clock"),
    ),
    "distributed_map": (
        Name(
            f"{MAP}.iteration.distributed_iteration_component:DistributedIterationComponent", "_eval_body", "runs maps"
        ),
        Name(f"{MAP}.item_reader.eval.resource_eval_s3:ResourceEvalS3", "_handle_get_object", "checks permissions"),
        Name(f"{STEP_FUNCTIONS}:StepFunctionsParserBackend", "describe_execution", "finds the children of a map run"),
    ),
    "listings": (
        Name(STEP_FUNCTIONS_API, "describe_map_run", "adds redrives, finds the map runs of all executions"),
        Name(STEP_FUNCTIONS_API, "get_execution_history", "adds pages, reverse order and histories without data"),
        Name(STEP_FUNCTIONS_API, "list_executions", "lists the children of a map run, adds filters"),
        Name(STEP_FUNCTIONS_API, "list_map_runs", "adds pages"),
    ),
    "status_changes": (
        Name(WORKER, "start", "sends an event when an execution starts"),
        Name(f"{EXECUTION}:BaseExecutionWorkerCommunication", "terminated", "sends an event when an execution ends"),
    ),
}
