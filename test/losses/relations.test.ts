import { pkt, relationalAngle, relationalDistance, similarityPreserving } from 'dark-knowledge';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

describeLoss('relationalDistance', catalogueCases('relationalDistance', relationalDistance));
describeLoss('relationalAngle', catalogueCases('relationalAngle', relationalAngle));
describeLoss('similarityPreserving', catalogueCases('similarityPreserving', similarityPreserving));
describeLoss('pkt', catalogueCases('pkt', pkt));
