/** The stages that only routes of engines' own contracts pass. */
export type EngineStepName =
  | 'findEnginePath'
  | 'readEngineBody'
  | 'nameDeployment'
  | 'readParts'
  | 'findRealtime'
  | 'tunnel'
  | 'authorizeParts'
  | 'answerOllama'
  | 'answerLmStudio';
